"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const sites = new Map(data.sites.map((site) => [site.id, site]));
  const drawn = new Map();
  let lang = root.dataset.lang;
  let chosen = "";

  const find = (id) => document.getElementById(id);
  const say = (key) => data.words[key][lang];
  const make = (name, text, attributes = {}) => {
    const element = document.createElement(name);
    element.textContent = text;
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
    return element;
  };
  const decimals = (number, digits) => number.toFixed(digits);
  const or = (number, form) => (number === null ? say("no_figure") : form(number));
  const percent = (share) => `${decimals(100 * share, 1)} %`;

  // ------------------------------------------------------------------ tooltips

  const tip = find("tip");
  function tell(_handler, event, item, value) {
    tip.replaceChildren();
    if (value === null || value === undefined || value === "") {
      tip.hidden = true;
      return;
    }
    const site = item && item.datum && sites.get(item.datum.id);
    if (site) {
      tip.append(make("b", site.name), make("span", say(site.level)));
      for (const [key, said] of headline(site)) tip.append(make("span", `${say(key)}: ${said}`));
    } else if (typeof value === "object") {
      for (const [key, said] of Object.entries(value)) tip.append(make("span", `${key}: ${said}`));
    } else return;
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const left = Math.min(event.clientX + 14, window.innerWidth - box.width - 8);
    const below = event.clientY + 18;
    const above = event.clientY - box.height - 12;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${below + box.height > window.innerHeight ? Math.max(8, above) : below}px`;
  }

  // ------------------------------------------------------------------ charts

  async function draw(box) {
    const picture = box.dataset.chart;
    const spec = structuredClone(data.specs[lang][picture]);
    const own = spec.usermeta || {};
    spec.datasets = structuredClone(
      Object.fromEntries((own.datasets || []).map((name) => [name, data.datasets[name]])),
    );
    const width = Math.max(200, box.clientWidth);
    spec.width = width;
    spec.background = "transparent";
    if (width < 480) spec.config.legend.columns = 1;
    if (own.ratio) spec.height = Math.round(width * own.ratio);
    const before = drawn.get(box);
    const errors = 1; // an empty chart is no news
    const options = {
      mode: "vega-lite", logLevel: errors, renderer: "svg", ast: true, actions: false, defaultStyle: false,
      tooltip: tell,
    };
    const made = await vegaEmbed(box, spec, options);
    if (before) before.finalize();
    drawn.set(box, made);
    // The box is one image with words of its own; its parts would only be read out one by one.
    box.querySelector("svg").setAttribute("aria-hidden", "true");
    box.dataset.width = String(box.clientWidth);
    if (box.id === "map") {
      made.view.addEventListener("click", (event, item) => {
        const site = (item && item.datum && sites.get(item.datum.id)) || near(made.view, event);
        if (site) choose(site.id);
      });
      await mark(made);
    }
  }

  // On a small screen a finger is thicker than a spot.
  function near(view, event) {
    const box = find("map").querySelector("svg").getBoundingClientRect();
    const [dx, dy] = view.origin();
    const x = view.scale("x");
    const y = view.scale("y");
    let best = null;
    let least = 18;
    for (const row of data.datasets.places) {
      const far = Math.hypot(
        x(row.x) + dx - (event.clientX - box.left), y(row.y) + dy - (event.clientY - box.top),
      );
      if (far < least) [best, least] = [sites.get(row.id), far];
    }
    return best;
  }

  async function mark(made) {
    await made.view.signal("chosen", chosen).runAsync();
  }

  // One after the other: of two languages asked for in haste the later one stays.
  let queue = Promise.resolve();
  function redraw(boxes) {
    queue = queue
      .then(async () => {
        for (const box of boxes) await draw(box);
        root.dataset.drawn = `${lang} ${find("map").dataset.chart}`;
      })
      .catch((error) => console.error(error));
  }

  const boxes = [...document.querySelectorAll("[data-chart]")];

  // ------------------------------------------------------------------ sites

  function headline(site) {
    return [
      ["share", or(site.share, percent)],
      ["wait", or(site.wait, (hours) => decimals(hours, 1))],
      ["load", or(site.load, percent)],
    ];
  }

  function facts(site) {
    const above = site.chain.map((id) => sites.get(id).name).join(lang === "zh" ? "、" : ", ");
    return [
      ["level", say(site.level)],
      ["chain", above || say("no_figure")],
      ["position", `${decimals(site.lat, 5)}, ${decimals(site.lon, 5)} (${say(site.synthetic ? "synthetic" : "given")})`],
      ["teams", String(site.teams)],
      ["orders", String(site.orders)],
      ["served", String(site.served)],
      ...headline(site).slice(0, 2),
      ["jobs", String(site.jobs)],
      ...headline(site).slice(2),
    ];
  }

  function show() {
    const panel = find("place");
    const site = sites.get(chosen);
    if (!site) {
      panel.replaceChildren(make("p", say("not_chosen"), { class: "soft" }));
      return;
    }
    const list = make("dl", "", { class: "facts" });
    for (const [key, said] of facts(site)) {
      list.append(make("dt", say(key)), make("dd", said, { "data-fact": key }));
    }
    const table = make("table", "");
    table.append(make("caption", say("schedule")));
    const head = table.createTHead().insertRow();
    head.append(make("th", say("day"), { scope: "col" }));
    for (const part of data.parts) head.append(make("th", say(part), { scope: "col" }));
    const body = table.createTBody();
    data.days.forEach((day, n) => {
      const row = body.insertRow();
      row.append(make("th", say(day), { scope: "row" }));
      const size = data.parts.length;
      for (const count of site.week.slice(size * n, size * (n + 1))) {
        row.append(make("td", String(count)));
      }
    });
    const note = make("p", say("schedule_note"), { class: "soft" });
    panel.replaceChildren(make("h3", site.name), list, table, note);
  }

  function choose(id) {
    chosen = id;
    const list = find("sites");
    if (![...list.options].some((option) => option.value === id)) {
      find("search").value = "";
      fill();
    }
    list.value = id;
    show();
    const made = drawn.get(find("map"));
    if (made) mark(made);
  }

  // Where nothing is found, the panel of an earlier choice would pass for an answer.
  function forget() {
    if (!chosen) return;
    chosen = "";
    show();
    const made = drawn.get(find("map"));
    if (made) mark(made);
  }

  function fill() {
    const list = find("sites");
    const wanted = find("search").value.trim().toLowerCase();
    const options = [];
    for (const site of data.sites) {
      if (`${site.name} ${site.id}`.toLowerCase().includes(wanted)) {
        const option = make("option", `${site.name} · ${say(site.level)}`, { value: site.id });
        option.selected = site.id === chosen;
        options.push(option);
      }
    }
    list.replaceChildren(...options);
    if (!options.some((option) => option.selected)) list.selectedIndex = -1;
    if (options.length === 0) forget();
    find("found").textContent = `${options.length} ${say("matches")}`;
  }

  // ------------------------------------------------------------------ controls

  function turn(to) {
    lang = to;
    root.dataset.lang = to;
    root.lang = to === "zh" ? "zh-Hans" : "en";
    document.title = data.titles[to];
    fill();
    show();
    redraw(boxes);
  }

  function filter(basis) {
    const rows = document.querySelectorAll("[data-basis]");
    let shown = 0;
    for (const row of rows) {
      row.hidden = basis !== "all" && row.dataset.basis !== basis;
      if (!row.hidden) shown += 1;
    }
    find("filtered").textContent = `${shown} / ${rows.length}`;
  }

  root.classList.add("js");
  find("switch").addEventListener("click", () => turn(lang === "zh" ? "en" : "zh"));
  find("search").addEventListener("input", fill);
  find("sites").addEventListener("change", (event) => choose(event.target.value));
  for (const radio of document.querySelectorAll("[name=shown]")) {
    radio.addEventListener("change", () => {
      find("map").dataset.chart = radio.value;
      redraw([find("map")]);
    });
  }
  for (const radio of document.querySelectorAll("[name=basis]")) {
    radio.addEventListener("change", () => filter(radio.value));
  }
  // What is closed is not printed: the figures that belong on paper are opened for it.
  const opened = new Set();
  window.addEventListener("beforeprint", () => {
    for (const each of document.querySelectorAll("details.paper:not([open])")) {
      each.open = true;
      opened.add(each);
    }
  });
  window.addEventListener("afterprint", () => {
    for (const each of opened) each.open = false;
    opened.clear();
  });
  let waiting = 0;
  window.addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      redraw(boxes.filter((box) => box.dataset.width !== String(box.clientWidth)));
    }, 150);
  });
  fill();
  show();
  filter("all");
  redraw(boxes);
})();
