// One face in all values of two features, as a table.

const MOST_VALUES = 12; // of a feature at a time; those of a longer one come in parts

function pairControls(app) {
  const { model, store } = app;
  const { attributes } = model;
  if (!attributes.length) {
    $("views").querySelector("[value=pairs]").parentElement.hidden = true;
    return () => {};
  }
  const axes = ["rows", "columns"].map((axis) => {
    const select = $(axis);
    const parts = $(`${axis}-part`);
    select.append(...attributes.map(({ name }, index) => new Option(capital(name), String(index))));
    select.onchange = () => store.look({ [axis]: Number(select.value) });
    parts.onchange = () => app.render();
    return { axis, select, parts };
  });
  const face = $("pair-face");
  face.append(...placeOptions());
  face.onchange = () => store.look({ picked: Number(face.value) });
  let drawn = "";
  let buttons = []; // by the text of their recipe
  return (state, recipes) => {
    if (state.view !== "pairs") return;
    face.value = String(state.picked);
    const codes = axes.map(({ axis, select, parts }) => {
      select.value = String(state[axis]);
      return shownValues(attributes[state[axis]].values.length, parts, String(state[axis]));
    });
    const table = pairRecipes(recipes[state.picked], state.rows, state.columns, codes);
    const what = JSON.stringify([state.picked, table]);
    if (what !== drawn) buttons = pairTable(app, state, table);
    drawn = what;
    const current = recipeText(recipes[state.picked]);
    for (const [text, button] of buttons) button.setAttribute("aria-current", String(text === current));
  };
}

// The numbers of the values that a table shows; `parts` is the list from which one chooses where there are too many.
function shownValues(count, parts, feature) {
  parts.parentElement.hidden = count <= MOST_VALUES;
  if (parts.dataset.feature !== feature) {
    parts.dataset.feature = feature;
    const starts = Array.from({ length: Math.ceil(count / MOST_VALUES) }, (_, part) => part * MOST_VALUES);
    const options = starts.map((start) => {
      const end = Math.min(count, start + MOST_VALUES);
      return new Option(`${start + 1} to ${end} of ${count}`, String(start));
    });
    parts.replaceChildren(...options);
  }
  const start = Number(parts.value);
  return Array.from({ length: Math.min(MOST_VALUES, count - start) }, (_, place) => start + place);
}

// The recipes of the table, row by row. Where both features are the same, it is a single row.
function pairRecipes(recipe, rows, columns, [down, across]) {
  return (rows === columns ? [null] : down).map((row) =>
    across.map((column) => {
      const codes = recipe.codes.slice();
      if (row !== null) codes[rows] = row;
      codes[columns] = column;
      return { ...recipe, codes };
    }),
  );
}

// Builds and draws the table, and returns its buttons: [text of the recipe, button]
function pairTable(app, { picked, rows, columns }, table) {
  const { model } = app;
  const valueOf = (recipe, index) => plain(model.attributes[index].values[recipe.codes[index]]);
  const head = make("tr", {}, make("td"));
  head.append(...table[0].map((recipe) => make("th", { scope: "col", textContent: valueOf(recipe, columns) })));
  const canvases = [];
  const buttons = [];
  const lines = table.map((line) => {
    const cells = line.map((recipe) => {
      const canvas = canvasOf(model);
      const button = make("button", { type: "button", "aria-label": features(recipe, model) }, canvas);
      button.onclick = () => usePair(app, picked, recipe);
      canvases.push(canvas);
      buttons.push([recipeText(recipe), button]);
      return make("td", {}, button);
    });
    const name = rows === columns ? "" : valueOf(line[0], rows);
    return make("tr", {}, make("th", { scope: "row", textContent: name }), ...cells);
  });
  $("pairs-hint").textContent = `Choose a picture to put it among the 16 as ${faceName(picked).toLowerCase()}.`;
  const element = $("pairs").querySelector("table");
  element.style.setProperty("--across", String(table[0].length));
  element.style.setProperty("--down", String(table.length));
  element.replaceChildren(make("thead", {}, head), make("tbody", {}, ...lines));
  roving(buttons.map(([, button]) => button), table[0].length);
  drawAll(app, table.flat(), canvases);
  return buttons;
}

// Puts the face of a cell into the grid, in the place of the one that it was made from.
function usePair({ model, store }, place, recipe) {
  const name = faceName(place);
  store.change(lockPlace(store.state, place, recipe), `${name}: ${features(recipe, model)}`);
  say(`${name} is now this one, and locked.`);
}

// Draws any number of faces, 16 at a time, so that the page stays at hand. What is no longer shown is not drawn.
function drawAll({ engine, model }, recipes, canvases) {
  const next = (start) => {
    if (start >= recipes.length || !canvases[0].isConnected) return;
    const piece = recipes.slice(start, start + PLACES);
    const pixels = engine.draw(inputsOf(piece, model), piece.length);
    piece.forEach((_, index) => paint(canvases[start + index], pixels, index, model));
    requestAnimationFrame(() => next(start + PLACES));
  };
  next(0);
}
