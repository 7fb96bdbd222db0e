// Elements of the page, and words for what they show.

const $ = (id) => document.getElementById(id);

// An element with properties, attributes (names with a hyphen, and role) and children. Text is only ever set as text.
function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", name);
  svg.setAttribute("aria-hidden", "true");
  svg.append(document.createElementNS("http://www.w3.org/2000/svg", "use"));
  setIcon(svg, name);
  return svg;
}

function setIcon(holder, name) {
  holder.querySelector("use").setAttribute("href", `#icon-${name}`);
}

// A button that is on or off, and says so to a screen reader.
function setPressed(button, pressed) {
  button.setAttribute("aria-pressed", String(pressed));
}

// Text from data: characters that would act instead of being seen, such as those that turn text around, become codes.
function visible(text) {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0).toString(16)}}`);
}

// A name from data, in words.
function plain(name) {
  return visible(String(name)).replaceAll("_", " ");
}

function capital(text) {
  const words = plain(text);
  return words.charAt(0).toUpperCase() + words.slice(1);
}

// "hair bun, skin dark": what a face was asked to look like
function features(recipe, model) {
  const words = ({ name, values }, index) => `${plain(name)} ${plain(values[recipe.codes[index]])}`;
  return model.attributes.map(words).join(", ");
}

// Moves the focus in a grid of buttons with the arrow keys; only one of them can be reached with Tab.
function roving(buttons, columns) {
  const focus = (index) => {
    buttons.forEach((button, place) => (button.tabIndex = place === index ? 0 : -1));
    buttons[index].focus();
  };
  buttons.forEach((button, place) => {
    button.tabIndex = place ? -1 : 0;
    button.addEventListener("keydown", (event) => {
      const to = target(event.key, place, buttons.length, columns);
      if (to === null) return;
      event.preventDefault();
      focus(to);
    });
  });
}

// The place that an arrow key leads to, or null.
function target(key, place, count, columns) {
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[key];
  const to = key === "Home" ? 0 : key === "End" ? count - 1 : place + step;
  return to >= 0 && to < count ? to : null;
}

// Says what happened, in sight and to a screen reader.
let unsay = 0;
function say(sentence) {
  clearTimeout(unsay);
  $("said").textContent = sentence;
  unsay = setTimeout(() => ($("said").textContent = ""), 5000);
}

// Sentences that stay until they are closed.
function note(sentences) {
  $("note").firstElementChild.textContent = sentences.join(" ");
  $("note").hidden = !sentences.length;
}
