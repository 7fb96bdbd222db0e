// Puts the page together.

function main() {
  const began = performance.now();
  const { title, credit, description, kernelDigest } = JSON.parse($("page-data").textContent);
  $("credit").textContent = credit.split("\n").map(visible).join(" ");
  if (!canDraw()) {
    return fail(
      "This browser cannot draw the faces, for it lacks WebAssembly SIMD: Chrome and Edge have it since 91, " +
        "Firefox since 89, Safari since 16.4.",
    );
  }
  let model, engine;
  try {
    const kernel = faceBytes($("page-kernel").textContent);
    if (faceDigest(kernel, new Uint8Array()) !== kernelDigest) throw new Error("The program is damaged.");
    model = faceModel(description, $("page-weights").textContent);
    engine = new FaceEngine(model, kernel);
  } catch (error) {
    console.error(error);
    return fail(
      "This file is damaged, and cannot draw its faces: get it once more, or make it again with " +
        "“eightytwenty faces”.",
    );
  }
  for (const id of ["page-kernel", "page-weights"]) $(id).remove(); // megabytes of text

  const app = appOf(model, engine, title, credit);
  for (const element of [$("toolbar"), document.querySelector("main")]) element.hidden = false;
  $("problem").hidden = true;
  app.renderNow();
  window.addEventListener("hashchange", () => {
    if (location.hash === app.hash()) return;
    const { drawing, look, remarks } = parseLink(location.hash, model);
    app.store.change(drawing, "a link");
    app.store.look(look);
    note(remarks);
  });
  document.documentElement.dataset.ready = String(Math.round(performance.now() - began)); // milliseconds
}

// A function of one SIMD instruction, which a browser without SIMD refuses.
function canDraw() {
  const head = [0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0];
  const simd = [65, 0, 253, 15, 253, 98, 11]; // i8x16.splat, i8x16.popcnt
  return typeof WebAssembly === "object" && WebAssembly.validate(Uint8Array.from([...head, ...simd]));
}

function fail(sentence) {
  $("problem").textContent = sentence;
}

// What the parts of the page have in common.
function appOf(model, engine, title, credit) {
  const app = { model, engine, title, credit, favourites: new Favourites(model) };
  let due = 0;
  app.render = () => {
    due ||= requestAnimationFrame(() => {
      due = 0;
      app.renderNow();
    });
  };
  const { drawing, look, remarks } = parseLink(location.hash, model);
  app.store = new Store(drawing, look, app.render);
  note(inSandbox ? [SANDBOX, ...remarks] : remarks);
  const controls = [
    ...[viewControls, featureControls, styleControls, pickedControls, faceGrid, favouriteControls, filmControls],
    ...[pairControls, historyControls, shareControls],
  ];
  const parts = controls.map((part) => part(app));
  app.renderNow = () => {
    const { state } = app.store;
    const recipes = recipesOf(state, model);
    for (const render of parts) render?.(state, recipes);
    remember(app);
  };
  app.hash = () => linkOf(app.store.state, model);
  // What a saved file says of its faces: where the page lies on somebody's disk is nobody else's business.
  app.source = () => (location.protocol === "file:" ? app.hash() : app.address());
  // The address of the page where it has one: some previews have none that another could open.
  app.address = () => {
    const isKnown = /^(https?|file):/.test(location.href) && !inSandbox;
    return (isKnown ? location.href.split("#")[0] : "") + app.hash();
  };
  document.querySelectorAll("dialog .head button").forEach((button) => {
    button.onclick = () => button.closest("dialog").close();
  });
  $("note").querySelector("button").onclick = () => ($("note").hidden = true);
  return app;
}

function viewControls({ store }) {
  const views = { faces: "Save all 16", film: "Save film", pairs: "Save table" };
  const radios = [...$("views").querySelectorAll("input")];
  radios.forEach((radio) => (radio.onchange = () => store.look({ view: radio.value })));
  return ({ view }) => {
    radios.forEach((radio) => (radio.checked = radio.value === view));
    for (const id of Object.keys(views)) $(id).hidden = id !== view;
    $("picked").hidden = view !== "faces";
    $("save").lastElementChild.textContent = views[view];
  };
}

// Keeps the link in the address.
function remember(app) {
  try {
    if (location.hash !== app.hash()) history.replaceState(null, "", app.hash());
  } catch {
    // a preview's address cannot be changed
  }
}

main();
