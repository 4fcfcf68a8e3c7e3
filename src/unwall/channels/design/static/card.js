// The payment service's field for the card, and its question whether to confirm a payment. Its script makes `Stripe`.
//   data-card-key       the public key
//   data-card-field     where the service's field goes; the form is sent with a token instead of the card
//   data-card-confirm   a form that asks the service to confirm, and is sent when that is done, whatever came of it

const field = document.querySelector("[data-card-field]");
const asking = document.querySelector("[data-card-confirm]");
const service = globalThis.Stripe?.((field?.closest("[data-card-key]") ?? asking)?.dataset.cardKey, { locale: document.documentElement.lang.slice(0, 2) });

// before forms.js, which takes a form for sent
const beforeSending = (form, work) => window.addEventListener("submit", (event) => {
  if (event.target !== form || form.dataset.cardDone) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (form.getAttribute("aria-busy") === "true") return;
  form.setAttribute("aria-busy", "true");
  work().then((done) => {
    form.removeAttribute("aria-busy");
    if (!done) return;
    form.dataset.cardDone = "yes";
    form.requestSubmit(event.submitter);
  });
}, { capture: true });

if (field) {
  const holder = field.closest("[data-card-key]");
  const told = holder.querySelector("[data-card-error]");
  const say = (text) => { told.textContent = text; told.hidden = !text; };
  const colours = getComputedStyle(field);
  const card = service?.elements().create("card", { hidePostalCode: true, style: { base: { fontSize: "16px", color: colours.color, iconColor: colours.color } } });
  card?.mount(field);
  beforeSending(field.closest("form"), async () => {
    if (field.closest("form").querySelector("[name=due]")?.value === "0") return true; // nothing is charged
    const made = await service?.createPaymentMethod({ type: "card", card }).catch(() => null);
    if (!made?.paymentMethod) {
      say(made?.error?.message || holder.dataset.failed);
      holder.scrollIntoView({ block: "center" });
      return false;
    }
    say("");
    holder.querySelector("[name=card_token]").value = made.paymentMethod.id;
    holder.querySelector("[name=card_last4]").value = made.paymentMethod.card?.last4 ?? "";
    return true;
  });
}

if (asking && service) beforeSending(asking, async () => {
  await service.confirmCardPayment(asking.dataset.cardConfirm).catch(() => null);
  return true; // what came of it, the server asks the service
});
