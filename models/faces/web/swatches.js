// Swatches for colours. Names like "3" or "ginger" say little about a colour, so the network itself is asked: faces
// that differ in nothing but the colour differ in the pixels that have this colour.

const SWATCH_FACES = 4; // whose hair may be short, or gone

function hasColours(name) {
  return /colou?r|skin/i.test(name);
}

// Fills the swatches of a feature, when the browser has nothing better to do.
function paintSwatches({ engine, model }, index, swatches) {
  const later = window.requestIdleCallback ?? ((task) => setTimeout(task, 50));
  const count = swatches.length;
  const faces = Array.from({ length: SWATCH_FACES }, () => null);
  const drawNext = () => {
    const face = faces.indexOf(null);
    if (face < 0) {
      coloursOf(faces, count).forEach((colour, code) => {
        swatches[code].style.backgroundColor = `rgb(${colour.join(" ")})`;
      });
      return;
    }
    const recipe = recipeOf({ ...firstDrawing(model), seed: 0 }, face, model);
    const recipes = Array.from({ length: count }, (_, code) => {
      const codes = recipe.codes.map((other, place) => (place === index ? code : other));
      return { ...recipe, codes };
    });
    faces[face] = engine.draw(inputsOf(recipes, model), count);
    later(drawNext);
  };
  later(drawNext);
}

// The mean colour of each value, in the pixels that tell the values apart best.
// faces: for each face its pictures, one after another, one for each value; returns an RGB colour for each value
function coloursOf(faces, count) {
  const sums = Array.from({ length: count }, () => [0, 0, 0]);
  let weights = 0;
  for (const pixels of faces) {
    const length = pixels.length / count;
    const spreads = new Float64Array(length / 4);
    for (let pixel = 0; pixel < spreads.length; pixel++) {
      for (let channel = 0; channel < 3; channel++) {
        spreads[pixel] += variance(pixels, pixel * 4 + channel, length, count);
      }
    }
    const best = [...spreads.keys()].sort((a, b) => spreads[b] - spreads[a]).slice(0, Math.ceil(spreads.length / 100));
    for (const pixel of best) {
      weights += spreads[pixel];
      sums.forEach((sum, code) => {
        for (let channel = 0; channel < 3; channel++) {
          sum[channel] += spreads[pixel] * pixels[code * length + pixel * 4 + channel];
        }
      });
    }
  }
  return sums.map((sum) => sum.map((value) => Math.round(value / (weights || 1))));
}

function variance(pixels, start, step, count) {
  let sum = 0;
  let squares = 0;
  for (let i = 0, at = start; i < count; i++, at += step) {
    sum += pixels[at];
    squares += pixels[at] ** 2;
  }
  return squares / count - (sum / count) ** 2;
}
