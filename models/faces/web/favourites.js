// Favourites: recipes of faces, kept in the browser's storage where it has one, else as long as the page is open.

class Favourites {
  constructor(model) {
    this.model = model;
    this.key = `faces-${model.digest}`; // another model draws other faces from the same recipes
    this.recipes = this.read();
  }

  read() {
    try {
      const texts = JSON.parse(localStorage.getItem(this.key) ?? "[]");
      return texts.map((text) => parseRecipe(text, this.model)).filter(Boolean);
    } catch {
      return []; // no storage, or somebody else's content in it
    }
  }

  has(recipe) {
    return this.place(recipe) >= 0;
  }

  place(recipe) {
    const text = recipeText(recipe);
    return this.recipes.findIndex((other) => recipeText(other) === text);
  }

  // Adds or removes a face, and says whether it is a favourite now.
  toggle(recipe) {
    const place = this.place(recipe);
    if (place < 0) this.recipes.push(recipe);
    else this.recipes.splice(place, 1);
    try {
      localStorage.setItem(this.key, JSON.stringify(this.recipes.map(recipeText)));
      this.stored = true;
    } catch {
      this.stored = false;
    }
    return place < 0;
  }
}

function favouriteControls(app) {
  const { favourites, model, store } = app;
  let drawn = null;
  return () => {
    const what = favourites.recipes.map(recipeText).join();
    if (what === drawn) return;
    drawn = what;
    const canvases = [];
    const items = favourites.recipes.map((recipe, place) => {
      const canvas = canvasOf(model);
      const name = [`Favourite ${place + 1}`, features(recipe, model)].filter(Boolean).join(": ");
      const button = make("button", { type: "button", "aria-label": name, title: name }, canvas);
      button.onclick = () => {
        const { picked } = store.state;
        const face = faceName(picked).toLowerCase();
        store.change(lockPlace(store.state, picked, recipe), `favourite ${place + 1} as ${face}`);
        say(`Favourite ${place + 1} is now ${face}, and locked.`);
      };
      canvases.push(canvas);
      return make("li", {}, button);
    });
    $("favourites").replaceChildren(...items);
    const stored = favourites.stored === false ? " They last until this page is closed." : "";
    $("favourites-hint").textContent = items.length
      ? `Choose one to put it in the place of the picked face.${stored}`
      : "Mark a face as a favourite, and it is kept here.";
    if (items.length) drawAll(app, favourites.recipes, canvases);
  };
}
