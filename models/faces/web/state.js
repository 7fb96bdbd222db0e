// What the page shows: the settings, the 16 faces that follow from them, and the link that holds them. The same as
// random.py and state.py, with which the command `eightytwenty draw --link` draws the same faces.

const PLACES = 16;
const LARGEST_SEED = 4294967295;
const LARGEST_TURN = 359; // degrees
const LARGEST_VARIETY = 150; // percent

// What is drawn. codes: number of the value of each feature, or null for any; kept: for each feature the seed that
// its "any" values are kept from, or null; locked: for each place the recipe of its face, or null.
function firstDrawing(model) {
  return {
    seed: 0,
    turn: 0,
    variety: 100,
    codes: model.attributes.map(() => null),
    kept: model.attributes.map(() => null),
    locked: Array(PLACES).fill(null),
  };
}

// How it is looked at, which undo leaves alone. from, to: places of the film's ends; rows, columns: numbers of the
// features of the table.
function firstLook(model) {
  return { picked: 0, view: "faces", from: 0, to: 5, rows: 0, columns: model.attributes.length > 1 ? 1 : 0 };
}

// Everything that a face follows from: {seed, face, codes, turn, variety}
function recipeOf(state, place, model) {
  const { seed, turn, variety } = state;
  if (state.locked[place]) return state.locked[place];
  const codes = model.attributes.map(
    ({ values }, index) => state.codes[index] ?? faceValue(state.kept[index] ?? seed, place, index, values.length),
  );
  return { seed, face: place, codes, turn, variety };
}

function recipesOf(state, model) {
  return Array.from({ length: PLACES }, (_, place) => recipeOf(state, place, model));
}

// Float32Array (n * model.asked): for each recipe its noise, turned and scaled, and the one-hot values of its features
function inputsOf(recipes, model) {
  const inputs = new Float32Array(recipes.length * model.asked);
  recipes.forEach(({ seed, face, codes, turn, variety }, row) => {
    const angle = (turn * Math.PI) / 180;
    const across = (variety / 100) * Math.cos(angle);
    const up = (variety / 100) * Math.sin(angle);
    const [first, second] = noisesOf(seed, face, model.noise);
    let at = row * model.asked;
    for (let i = 0; i < model.noise; i++) inputs[at + i] = across * first[i] + up * second[i];
    at += model.noise;
    model.attributes.forEach(({ values }, index) => {
      inputs[at + codes[index]] = 1;
      at += values.length;
    });
  });
  return inputs;
}

const noises = new Map(); // a slider asks for the same ones again and again
function noisesOf(seed, face, numbers) {
  const key = `${seed}:${face}`;
  if (!noises.has(key)) {
    if (noises.size > 1000) noises.clear();
    noises.set(key, [0, 1].map((stream) => faceNoise(seed, face, stream, numbers)));
  }
  return noises.get(key);
}

// ---- as text

// A recipe is seed:face:codes:turn:variety, the codes joined by hyphens.
function recipeText({ seed, face, codes, turn, variety }) {
  return [seed, face, codes.join("-"), turn, variety].join(":");
}

// Returns a recipe, or null where the text is none.
function parseRecipe(text, { attributes }) {
  const [seed, face, codes, turn, variety, ...rest] = text.split(":");
  const parts = codes ? codes.split("-") : [];
  const recipe = {
    seed: whole(seed, LARGEST_SEED),
    face: whole(face, LARGEST_SEED),
    codes: parts.map((part, index) => whole(part, (attributes[index]?.values.length ?? 0) - 1)),
    turn: whole(turn, LARGEST_TURN),
    variety: whole(variety, LARGEST_VARIETY),
  };
  const isOdd = rest.length || parts.length !== attributes.length || recipe.codes.includes(null);
  return isOdd || Object.values(recipe).includes(null) ? null : recipe;
}

// A whole number of at most 10 digits, or null.
function whole(text, largest) {
  return /^[0-9]{1,10}$/.test(text ?? "") && Number(text) <= largest ? Number(text) : null;
}

// ---- the link; see state.py

function linkOf(state, model) {
  const drawing = firstDrawing(model);
  const list = (codes) => (codes.some((code) => code !== null) ? codes.map((code) => code ?? "-").join(".") : null);
  const changed = (name, first) => (state[name] === first[name] ? null : state[name]);
  const locked = state.locked.flatMap((recipe, place) => (recipe ? [`${place}:${recipeText(recipe)}`] : []));
  const look = firstLook(model);
  const entries = {
    m: model.digest,
    s: state.seed,
    f: list(state.codes),
    l: list(state.kept),
    t: changed("turn", drawing),
    v: changed("variety", drawing),
    k: locked.join(".") || null,
    p: changed("picked", look),
    // the page's own
    w: changed("view", look),
    a: changed("from", look),
    b: changed("to", look),
    x: changed("columns", look),
    y: changed("rows", look),
  };
  const written = Object.entries(entries).filter(([, entry]) => entry !== null);
  return `#${written.map(([key, entry]) => `${key}=${entry}`).join("&")}`;
}

// Reads what follows the "#" of a link: {drawing, look, remarks}, a sentence for whatever does not hold.
function parseLink(hash, model) {
  const link = new URLSearchParams(hash.replace(/^[^]*#/, ""));
  const [drawing, look] = [firstDrawing(model), firstLook(model)];
  const remarks = [];
  const counts = model.attributes.map(({ values }) => values.length);
  const read = (part, key, name, title, largest) => {
    if (!link.has(key)) return;
    const number = whole(link.get(key), largest);
    if (number === null) remarks.push(`The link has an odd ${title}: it is ${part[name]} instead.`);
    else part[name] = number;
  };
  if (link.has("m") && link.get("m") !== model.digest) {
    remarks.push("The link was made with another model, whose faces look different.");
  }
  read(drawing, "s", "seed", "seed", LARGEST_SEED);
  const features = parseList(link.get("f"), counts.map((count) => count - 1));
  if (features.isOdd) remarks.push("The link has odd features: where they do not fit, any are drawn.");
  const kept = parseList(link.get("l"), counts.map(() => LARGEST_SEED));
  if (kept.isOdd) remarks.push("The link has odd locked features: where they do not fit, none are locked.");
  const locked = parseLocked(link.get("k"), model);
  if (locked.isOdd) remarks.push("The link has odd locked faces: they are left out.");
  Object.assign(drawing, { codes: features.numbers, kept: kept.numbers, locked: locked.recipes });
  read(drawing, "t", "turn", "turn", LARGEST_TURN);
  read(drawing, "v", "variety", "variety", LARGEST_VARIETY);
  read(look, "p", "picked", "picked face", PLACES - 1);
  if (["film", counts.length ? "pairs" : ""].includes(link.get("w"))) look.view = link.get("w");
  read(look, "a", "from", "first face of the film", PLACES - 1);
  read(look, "b", "to", "last face of the film", PLACES - 1);
  read(look, "x", "columns", "feature of the columns", counts.length - 1);
  read(look, "y", "rows", "feature of the rows", counts.length - 1);
  return { drawing, look, remarks };
}

// A number, or null for "-", for each feature; what does not fit is null.
function parseList(text, largest) {
  if (text === null) return { numbers: largest.map(() => null), isOdd: false };
  const entries = text ? text.split(".") : [];
  const numbers = largest.map((most, index) => whole(entries[index], most));
  const isOdd = numbers.some((number, index) => number === null && entries[index] !== "-");
  return { numbers, isOdd: isOdd || entries.length !== largest.length };
}

// For each place the recipe of its face, or null; the first one counts.
function parseLocked(text, model) {
  const recipes = Array(PLACES).fill(null);
  const entries = text ? text.split(".") : [];
  for (const entry of entries) {
    const [start] = entry.split(":", 1);
    const [place, recipe] = [whole(start, PLACES - 1), parseRecipe(entry.slice(start.length + 1), model)];
    if (place !== null && recipe) recipes[place] ??= recipe;
  }
  return { recipes, isOdd: recipes.filter(Boolean).length !== entries.length };
}
