// Saves pictures and films, and copies the link. Whom to credit is written into every file.

const FACE_SIDE = 512; // pixels of saved pictures
const GRID_SIDE = 256; // of each face in them
const FILM_SIDE = 256;

// MLflow and others show pages in a frame that may run scripts and nothing else: there a download, the clipboard and
// storage are refused, some of them without a word.
const inSandbox = window !== window.parent && window.origin === "null";
const SANDBOX = "This is a preview, in which nothing can be saved: download this file and open it by itself.";

function download(blob, name) {
  if (inSandbox) return say(SANDBOX);
  const address = URL.createObjectURL(blob);
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60000);
  say(`Saved as ${name}.`);
}

// A larger canvas with pictures side by side, as smooth as on the screen. pixels: RGBA, `count` pictures
function enlarged({ size }, pixels, count, columns, side) {
  const small = make("canvas", { width: size, height: size });
  const large = make("canvas", { width: columns * side, height: Math.ceil(count / columns) * side });
  const context = large.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  for (let index = 0; index < count; index++) {
    paint(small, pixels, index, { size });
    context.drawImage(small, (index % columns) * side, Math.floor(index / columns) * side, side, side);
  }
  return large;
}

function savePicture(app, canvas, name, description) {
  // not toBlob, for which Chromium waits until it has nothing else to do, for seconds
  const png = faceBytes(canvas.toDataURL("image/png").split(",")[1]);
  const texts = { Title: app.title, Description: description, Copyright: app.credit, Source: app.source() };
  download(withText(png, texts), name);
}

function saveFace(app, recipe) {
  const { model } = app;
  const pixels = app.engine.draw(inputsOf([recipe], model), 1);
  const name = `face-${recipe.seed}-${recipe.face + 1}.png`;
  savePicture(app, enlarged(model, pixels, 1, 1, FACE_SIDE), name, features(recipe, model));
}

function saveGrid(app, state, recipes) {
  const { model } = app;
  const pixels = app.engine.draw(inputsOf(recipes, model), PLACES);
  const description = model.attributes.length ? recipes.map((recipe) => features(recipe, model)).join("\n") : "";
  const canvas = enlarged(model, pixels, PLACES, COLUMNS, GRID_SIDE);
  savePicture(app, canvas, `faces-${state.seed}.png`, description);
}

function saveFilm(app, state, recipes) {
  const { model } = app;
  const large = ({ pixels, delay }) => {
    const context = enlarged(model, pixels, 1, 1, FILM_SIDE).getContext("2d");
    return { pixels: context.getImageData(0, 0, FILM_SIDE, FILM_SIDE).data, delay };
  };
  const there = filmPictures(app, recipes[state.from], recipes[state.to]).map(large);
  const pictures = [...there, ...there.slice(1, -1).reverse()];
  const comment = [app.title, app.credit, app.source()].filter(Boolean).join("\n");
  download(gif(pictures, FILM_SIDE, FILM_SIDE, comment), `film-${state.seed}-${state.from + 1}-${state.to + 1}.gif`);
}

// The table of two features, with the names of its rows and columns.
function savePairs(app, state, recipe) {
  const { model } = app;
  const cells = [...$("pairs").querySelectorAll("tbody canvas")];
  const [rows, columns] = ["row", "col"].map((scope) => [...$("pairs").querySelectorAll(`th[scope=${scope}]`)]);
  const [side, left, top] = [GRID_SIDE / 2, rows[0].textContent ? GRID_SIDE / 2 : 0, 32];
  const canvas = make("canvas", { width: left + columns.length * side, height: top + rows.length * side });
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.fillStyle = "black";
  context.font = "16px sans-serif";
  context.textBaseline = "middle";
  context.imageSmoothingQuality = "high";
  rows.forEach(({ textContent }, row) => context.fillText(textContent, 8, top + (row + 0.5) * side, left - 12));
  context.textAlign = "center";
  columns.forEach(({ textContent }, column) => {
    context.fillText(textContent, left + (column + 0.5) * side, top / 2, side - 8);
  });
  cells.forEach((cell, index) => {
    const [column, row] = [index % columns.length, Math.floor(index / columns.length)];
    context.drawImage(cell, left + column * side, top + row * side, side, side);
  });
  const names = [state.rows, state.columns].map((index) => plain(model.attributes[index].name));
  const description = `${names.join(" and ")} of: ${features(recipe, model)}`;
  savePicture(app, canvas, `features-${state.seed}.png`, description);
}

function shareControls(app) {
  const { store, model } = app;
  $("save").onclick = () => {
    if (inSandbox) return say(SANDBOX);
    const { state } = store;
    const recipes = recipesOf(state, model);
    if (state.view === "film") return saveFilm(app, state, recipes);
    if (state.view === "pairs") return savePairs(app, state, recipes[state.picked]);
    return saveGrid(app, state, recipes);
  };
  $("link").onclick = async () => {
    try {
      if (inSandbox) throw new Error("the clipboard is refused");
      await navigator.clipboard.writeText(app.address());
      say("The link is copied.");
    } catch {
      showLink(app.address());
    }
  };
}

// Where the clipboard is refused, the link is shown, ready to be copied by hand.
function showLink(address) {
  const field = $("link-dialog").querySelector("input");
  field.value = address;
  $("link-dialog").querySelector("p").textContent = address.startsWith("#")
    ? "Copy this, and put it behind the address of the page."
    : "Copy it with Ctrl+C, or ⌘C, or a long touch.";
  $("link-dialog").showModal();
  field.focus();
  field.select();
}
