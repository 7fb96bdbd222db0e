// The film from one face to another: noise along a great circle, features blended in a straight line.

const FILM_SECONDS = 3; // from one end to the other
const FILM_REST = 0.6; // seconds at each end
const FILM_PICTURES = 30; // of a saved film, from one end to the other

// The inputs of a face between two others; part: 0 at a, 1 at b. On a great circle the noise keeps its length, which a
// straight line would shorten: half way it would lead through average faces.
function between(a, b, part, noise) {
  const inputs = new Float32Array(a.length);
  let [aa, bb, ab] = [0, 0, 0];
  for (let i = 0; i < noise; i++) {
    aa += a[i] * a[i];
    bb += b[i] * b[i];
    ab += a[i] * b[i];
  }
  const angle = Math.acos(Math.min(1, Math.max(-1, ab / (Math.sqrt(aa * bb) || 1))));
  const flat = Math.sin(angle) < 1e-4; // the same direction, or the opposite one
  const ofA = flat ? 1 - part : Math.sin((1 - part) * angle) / Math.sin(angle);
  const ofB = flat ? part : Math.sin(part * angle) / Math.sin(angle);
  for (let i = 0; i < a.length; i++) {
    inputs[i] = i < noise ? ofA * a[i] + ofB * b[i] : (1 - part) * a[i] + part * b[i];
  }
  return inputs;
}

// Where a film is after some seconds, back and forth, slow at the ends: 0 to 1.
function filmPosition(seconds) {
  const leg = FILM_SECONDS + FILM_REST;
  const time = seconds % (2 * leg);
  const part = Math.min(1, (time % leg) / FILM_SECONDS);
  return time < leg ? ease(part) : 1 - ease(part);
}

function ease(part) {
  return (1 - Math.cos(part * Math.PI)) / 2;
}

function filmControls(app) {
  const { model, store } = app;
  const canvas = $("screen");
  canvas.width = canvas.height = model.size;
  const ends = ["from", "to"].map((end) => {
    const select = $(end);
    const thumb = select.parentElement.querySelector("canvas");
    thumb.width = thumb.height = model.size;
    select.append(...placeOptions());
    select.onchange = () => store.look({ [end]: Number(select.value) });
    return { end, select, thumb };
  });
  let inputs = [];
  let running = 0; // number of the next frame
  let started = 0; // when the film would have begun at its first picture
  let wasShown = false;

  const drawAt = (part) => {
    paint(canvas, app.engine.draw(between(inputs[0], inputs[1], part, model.noise), 1), 0, model);
    $("position").value = Math.round(part * 100);
    $("position").setAttribute("aria-valuetext", `${$("position").value} %`);
  };
  const frame = (now) => {
    drawAt(filmPosition((now - started) / 1000));
    running = requestAnimationFrame(frame);
  };
  const play = (on) => {
    cancelAnimationFrame(running);
    running = 0;
    if (on) {
      const part = Number($("position").value) / 100;
      started = performance.now() - (part < 1 ? Math.acos(1 - 2 * part) / Math.PI : 1) * FILM_SECONDS * 1000;
      running = requestAnimationFrame(frame);
    }
    setIcon($("play"), on ? "pause" : "play");
    $("play").lastElementChild.textContent = on ? "Pause" : "Play";
  };
  $("play").onclick = () => play(!running);
  $("position").oninput = () => {
    play(false);
    drawAt(Number($("position").value) / 100);
  };

  return (state, recipes) => {
    const isShown = state.view === "film";
    if (isShown) {
      const pair = [recipes[state.from], recipes[state.to]];
      inputs = pair.map((recipe) => inputsOf([recipe], model));
      ends.forEach(({ end, select, thumb }, index) => {
        select.value = String(state[end]);
        paint(thumb, app.engine.draw(inputs[index], 1), 0, model);
      });
      const nameOf = ({ end }, index) => [faceName(state[end]), features(pair[index], model)].filter(Boolean);
      const names = ends.map(nameOf).map((parts) => parts.join(", "));
      canvas.setAttribute("aria-label", `A face that changes from ${names.join(", to ")}`);
      if (!running) drawAt(Number($("position").value) / 100);
    }
    // it starts by itself for those who do not mind things that move
    if (isShown && !wasShown) play(!matchMedia("(prefers-reduced-motion: reduce)").matches);
    if (!isShown && running) play(false);
    wasShown = isShown;
  };
}

// The pictures of a film from one end to the other, RGBA; the ends are shown longer. Delays are in seconds.
function filmPictures({ engine, model }, from, to) {
  const [a, b] = [from, to].map((recipe) => inputsOf([recipe], model));
  return Array.from({ length: FILM_PICTURES }, (_, step) => ({
    pixels: engine.draw(between(a, b, ease(step / (FILM_PICTURES - 1)), model.noise), 1),
    delay: step % (FILM_PICTURES - 1) ? FILM_SECONDS / FILM_PICTURES : FILM_REST,
  }));
}
