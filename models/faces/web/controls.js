// The controls beside the faces: a choice for each feature, and the style.

const MOST_CHIPS = 12; // a feature of more values becomes a list that opens

function featureControls(app) {
  const { model, store } = app;
  $("features").hidden = !model.attributes.length;
  const fields = model.attributes.map((attribute, index) => {
    const choice = attribute.values.length > MOST_CHIPS ? listOf(app, index) : chipsOf(app, index);
    const name = plain(attribute.name);
    const lock = make("button", { type: "button", className: "plain lock", "aria-label": `Lock ${name}` });
    lock.append(icon("open"));
    lock.onclick = () => toggleFeature(app, index);
    const legend = make("legend", { textContent: capital(attribute.name) });
    const field = make("fieldset", { className: "feature" }, legend, lock, choice.element);
    $("features").querySelector(".columns").append(field);
    return { lock, choice };
  });
  $("clear").onclick = () => {
    const { codes, kept } = store.state;
    const locked = kept.filter((seed) => seed !== null).length;
    store.change({ codes: codes.map((code, index) => (kept[index] === null ? null : code)) }, "any for all features");
    say(locked ? "Any value for all features that are not locked." : "Any value for all features.");
  };
  return (state) => {
    fields.forEach(({ lock, choice }, index) => {
      choice.show(state.codes[index]);
      setPressed(lock, state.kept[index] !== null);
      setIcon(lock, state.kept[index] !== null ? "lock" : "open");
    });
  };
}

function chooseValue({ model, store }, index, code) {
  const { name, values } = model.attributes[index];
  const codes = store.state.codes.map((other, place) => (place === index ? code : other));
  store.change({ codes }, `${plain(name)} ${code === null ? "any" : plain(values[code])}`, `feature ${index}`);
}

function toggleFeature({ model, store }, index) {
  const { kept, seed } = store.state;
  const name = plain(model.attributes[index].name);
  const locked = kept[index] === null;
  store.change(
    { kept: kept.map((other, place) => (place !== index ? other : locked ? seed : null)) },
    `${name} ${locked ? "locked" : "unlocked"}`,
  );
  say(locked ? `${capital(name)} is locked: new faces keep it.` : `${capital(name)} is unlocked.`);
}

function chipsOf(app, index) {
  const { name, values } = app.model.attributes[index];
  const swatches = hasColours(name) ? values.map(() => make("i", { className: "swatch" })) : [];
  const chips = [null, ...values.keys()].map((code) => {
    const input = make("input", { type: "radio", name: `feature-${index}`, value: String(code ?? "any") });
    input.onchange = () => chooseValue(app, index, code);
    const text = make("span", {}, ...(code === null || !swatches.length ? [] : [swatches[code]]));
    text.append(code === null ? "any" : plain(values[code]));
    return { input, label: make("label", { className: "chip" }, input, text) };
  });
  if (swatches.length) paintSwatches(app, index, swatches);
  return {
    element: make("div", { className: "chips" }, ...chips.map(({ label }) => label)),
    show: (code) => chips.forEach(({ input }, place) => (input.checked = place === (code === null ? 0 : code + 1))),
  };
}

function listOf(app, index) {
  const { name, values } = app.model.attributes[index];
  const select = make("select", { "aria-label": capital(name) });
  select.append(new Option("any", "any"), ...values.map((value, code) => new Option(plain(value), String(code))));
  select.onchange = () => chooseValue(app, index, select.value === "any" ? null : Number(select.value));
  return { element: select, show: (code) => (select.value = String(code ?? "any")) };
}

function styleControls({ store }) {
  $("seed").onchange = () => {
    const seed = whole($("seed").value.trim(), LARGEST_SEED);
    if (seed === null) {
      $("seed").value = store.state.seed;
      say(`A seed is a whole number from 0 to ${LARGEST_SEED}.`);
    } else if (seed !== store.state.seed) {
      store.change({ seed }, `seed ${seed}`);
      say(`The faces of seed ${seed}.`);
    }
  };
  $("turn").oninput = () => store.change({ turn: Number($("turn").value) }, `turn ${$("turn").value}°`, "turn");
  $("variety").oninput = () =>
    store.change({ variety: Number($("variety").value) }, `variety ${$("variety").value} %`, "variety");
  $("new").onclick = () => {
    const { locked } = store.state;
    const count = locked.filter((recipe) => !recipe).length;
    if (!count) return say("All faces are locked. Unlock one to see new ones.");
    const [seed] = crypto.getRandomValues(new Uint32Array(1));
    store.change({ seed }, `new faces, seed ${seed}`);
    say(`${count} new ${count > 1 ? "faces" : "face"}.`);
  };
  return ({ seed, turn, variety }) => {
    $("seed").value = seed;
    for (const [id, value, text] of [["turn", turn, `${turn}°`], ["variety", variety, `${variety} %`]]) {
      $(id).value = value;
      $(id).setAttribute("aria-valuetext", text);
      $(`${id}-value`).textContent = text;
    }
  };
}
