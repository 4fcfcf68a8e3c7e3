// Plots from data attributes (their form is described at the top of templates/design/components.html). echarts is fetched only
// when the page has a plot. Tooltips are drawn on the canvas: the content security policy allows no style attributes.

const drawn = new Map(); // element -> {chart, data}

function loadEcharts(url) {
  if (globalThis.echarts) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const script = Object.assign(document.createElement("script"), { src: url, onload: resolve, onerror: reject });
    document.head.append(script);
  });
}

// custom properties hold light-dark() pairs: a probe inside the plot's own figure tells which colour holds there
function palette(figure) {
  const probe = figure.appendChild(Object.assign(document.createElement("span"), { hidden: true }));
  const token = (name) => { probe.style.color = `var(--${name})`; return getComputedStyle(probe).color; };
  const names = ["ink", "slate", "slate-soft", "edge", "rule", "leaf", "paper", "well", "brick", "jade", "amber", "brick-wash"];
  const colours = Object.fromEntries(names.map((name) => [name, token(name)]));
  probe.remove();
  return colours;
}

const round = (value) => (typeof value === "number" ? value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 2 }) : value ?? "–");

function axis(colour, title, more) {
  return {
    name: title, nameLocation: "middle", nameGap: more.type === "value" ? 44 : 28, nameTextStyle: { color: colour["slate-soft"], fontSize: 12 },
    axisLine: { lineStyle: { color: colour.edge } }, axisTick: { show: false }, splitLine: { lineStyle: { color: colour.rule } },
    axisLabel: { color: colour["slate-soft"], fontSize: 12, hideOverlap: true }, ...more,
  };
}

function series(data, colour) {
  const strong = [colour.brick, colour.ink, colour.jade, colour.amber, colour.slate];
  let next = 0;
  return data.series.map(({ name, values, faint }) => {
    const ink = faint ? colour.edge : strong[next++ % strong.length];
    const shape = { line: "line", area: "line", bar: "bar", hbar: "bar", scatter: "scatter", heat: "heatmap" }[data.kind];
    return {
      name, type: shape, data: values, color: ink, symbol: data.kind === "scatter" ? "circle" : "none", symbolSize: 10, barMaxWidth: 28,
      lineStyle: { width: faint ? 1.5 : 2.25, type: faint ? [4, 4] : "solid" }, areaStyle: data.kind === "area" && !faint ? { opacity: 0.12 } : undefined,
      itemStyle: data.kind === "heat" ? { borderColor: colour.leaf, borderWidth: 2 } : { opacity: faint ? 0.6 : 1 }, emphasis: { focus: "none" }, labelLayout: { hideOverlap: true },
      label: data.kind === "scatter" ? { show: true, position: "right", color: colour.slate, formatter: ({ value }) => value[2] ?? "" } : { show: data.kind === "heat", color: colour.ink },
    };
  });
}

function option(data, element) {
  const colour = palette(element.closest(".plot"));
  const flat = data.kind === "hbar";
  const category = axis(colour, flat ? data.y_title : data.x_title, { type: "category", data: data.x, inverse: flat, splitLine: { show: false } });
  const value = axis(colour, flat ? data.x_title : data.y_title ?? data.unit, { type: "value", scale: data.anywhere === true, axisLine: { show: false } });
  let axes = flat ? { xAxis: { ...value, nameGap: 28 }, yAxis: { ...category, nameGap: 80 } } : { xAxis: category, yAxis: value };
  if (data.kind === "scatter") axes = { xAxis: { ...value, name: data.x_title, nameGap: 28 }, yAxis: { ...value, name: data.y_title } };
  if (data.kind === "heat") axes.yAxis = axis(colour, data.y_title, { type: "category", data: data.y, nameGap: 64, splitLine: { show: false } });
  const cells = data.kind === "heat" ? data.series[0].values.map((cell) => cell[2]) : [];
  return {
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches, animationDuration: 200,
    textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: colour.ink },
    aria: { enabled: true, label: { description: element.getAttribute("aria-label") } },
    grid: { left: 8, right: 16, top: data.series.length > 1 ? 36 : 12, bottom: 8, outerBoundsMode: "same", outerBoundsContain: "all" },
    legend: data.series.length > 1 ? { top: 0, left: 0, itemWidth: 16, itemHeight: 8, icon: "rect", textStyle: { color: colour.slate } } : undefined,
    tooltip: {
      trigger: data.kind === "scatter" || data.kind === "heat" ? "item" : "axis", renderMode: "richText", backgroundColor: colour.ink, borderWidth: 0, padding: 10,
      textStyle: { color: colour.paper, fontSize: 12 }, valueFormatter: (figure) => `${round(figure)}${data.unit ? ` ${data.unit}` : ""}`,
    },
    visualMap: cells.length ? { show: false, min: Math.min(...cells), max: Math.max(...cells), inRange: { color: [colour.well, between(colour.well, colour.brick)] } } : undefined,
    ...axes, series: series(data, colour),
  };
}

// at most half way to brick, so that text stays readable on every cell
function between(one, other) {
  const [a, b] = [one, other].map((colour) => colour.match(/\d+/g).map(Number));
  return `rgb(${a.slice(0, 3).map((channel, i) => Math.round((channel + b[i]) / 2)).join(",")})`;
}

function fillTable(figure, data) {
  const table = figure.querySelector("table");
  if (!table || table.rows.length || !Array.isArray(data.x) || data.kind === "heat") return;
  const head = table.createTHead().insertRow();
  const body = table.createTBody();
  const cell = (row, tag, text) => row.appendChild(Object.assign(document.createElement(tag), { textContent: text, className: tag === "td" ? "num" : "" }));
  for (const text of [data.x_title ?? "", ...data.series.map((one) => one.name)]) cell(head, "th", text);
  data.x.forEach((x, i) => {
    const row = body.insertRow();
    cell(row, "th", x);
    for (const one of data.series) cell(row, "td", round(one.values[i]));
  });
}

const sizes = new ResizeObserver((entries) => { for (const { target } of entries) drawn.get(target)?.chart.resize(); });

async function draw(element) {
  const { plot, plotUrl, echarts: source } = element.dataset;
  const data = plot ? JSON.parse(plot) : await (await fetch(plotUrl, { headers: { accept: "application/json" } })).json();
  await loadEcharts(source);
  const chart = globalThis.echarts.init(element, null, { renderer: "canvas" });
  drawn.set(element, { chart, data });
  chart.setOption(option(data, element));
  element.setAttribute("role", "img");
  sizes.observe(element);
  fillTable(element.closest(".plot"), data);
}

const soon = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) if (isIntersecting) { soon.unobserve(target); draw(target); }
}, { rootMargin: "200px" });

function watch(within) {
  for (const element of within.querySelectorAll("[data-plot], [data-plot-url]")) if (!drawn.has(element)) soon.observe(element);
}

function repaint() {
  for (const [element, { chart, data }] of drawn) {
    if (element.isConnected) chart.setOption(option(data, element), true);
    else { chart.dispose(); drawn.delete(element); sizes.unobserve(element); }
  }
}

new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
document.addEventListener("htmx:load", (event) => watch(event.detail.elt));
watch(document);
