// The 16 faces, and what can be done with the one that is picked.

const COLUMNS = 4;

function canvasOf(model, properties = {}) {
  return make("canvas", { width: model.size, height: model.size, ...properties });
}

// Paints picture number `index` of those that the engine drew.
function paint(canvas, pixels, index, { size }) {
  const length = size * size * 4;
  const picture = new ImageData(pixels.slice(index * length, (index + 1) * length), size, size);
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

function faceGrid(app) {
  const { model, store } = app;
  const tiles = Array.from({ length: PLACES }, (_, place) => {
    const input = make("input", { type: "radio", name: "face", value: String(place) });
    const canvas = canvasOf(model);
    const badges = make("span", { className: "badges" });
    input.onchange = () => store.look({ picked: place });
    input.onkeydown = (event) => {
      if (!["ArrowUp", "ArrowDown"].includes(event.key)) return; // by rows, not one by one as the browser would
      event.preventDefault();
      const to = target(event.key, place, PLACES, COLUMNS);
      if (to === null) return;
      tiles[to].input.focus();
      tiles[to].input.click();
    };
    $("faces").append(make("label", { className: "face" }, input, canvas, badges));
    return { input, canvas, badges };
  });
  let drawn = "";
  return (state, recipes) => {
    if (state.view !== "faces") return;
    const what = recipes.map(recipeText).join();
    if (what !== drawn) {
      const pixels = app.engine.draw(inputsOf(recipes, model), PLACES);
      tiles.forEach(({ canvas }, place) => paint(canvas, pixels, place, model));
      drawn = what;
    }
    tiles.forEach(({ input, badges }, place) => {
      const marks = [];
      if (state.locked[place]) marks.push(["locked", icon("lock")]);
      if (app.favourites.has(recipes[place])) marks.push(["favourite", icon("star")]);
      badges.replaceChildren(...marks.map(([, picture]) => picture));
      input.checked = place === state.picked;
      const name = [faceName(place), ...marks.map(([word]) => word)].join(", ");
      input.setAttribute("aria-label", model.attributes.length ? `${name}: ${features(recipes[place], model)}` : name);
    });
  };
}

function faceName(place) {
  return `Face ${place + 1}`;
}

function placeOptions() {
  return Array.from({ length: PLACES }, (_, place) => new Option(faceName(place), String(place)));
}

function lockPlace(state, place, recipe) {
  return { locked: state.locked.map((locked, other) => (other === place ? recipe : locked)) };
}

function pickedControls(app) {
  const { model, store } = app;
  const picked = () => recipeOf(store.state, store.state.picked, model);
  $("lock").onclick = () => {
    const { state } = store;
    const name = faceName(state.picked);
    if (state.locked[state.picked]) {
      store.change(lockPlace(state, state.picked, null), `${name} unlocked`);
      say(`${name} is unlocked: it follows the controls again.`);
    } else {
      store.change(lockPlace(state, state.picked, picked()), `${name} locked`);
      say(`${name} is locked: it stays as it is.`);
    }
  };
  $("star").onclick = () => {
    const name = faceName(store.state.picked);
    say(app.favourites.toggle(picked()) ? `${name} is a favourite.` : `${name} is no favourite any more.`);
    app.render();
  };
  const film = (end) => {
    store.look({ [end]: store.state.picked });
    say(`The film ${end === "from" ? "begins" : "ends"} with ${faceName(store.state.picked).toLowerCase()}.`);
  };
  $("film-from").onclick = () => film("from");
  $("film-to").onclick = () => film("to");
  $("save-face").onclick = () => saveFace(app, picked());
  return (state, recipes) => {
    const locked = Boolean(state.locked[state.picked]);
    $("picked-name").textContent = faceName(state.picked);
    $("picked-features").textContent = features(recipes[state.picked], model);
    setPressed($("lock"), locked);
    setIcon($("lock"), locked ? "lock" : "open");
    setPressed($("star"), app.favourites.has(recipes[state.picked]));
    setPressed($("film-from"), state.from === state.picked);
    setPressed($("film-to"), state.to === state.picked);
  };
}
