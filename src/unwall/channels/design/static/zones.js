// A time zone that nobody has chosen yet is the browser's own.

for (const field of document.querySelectorAll("input[data-own-zone]")) {
  field.value = Intl.DateTimeFormat().resolvedOptions().timeZone || field.value;
}
