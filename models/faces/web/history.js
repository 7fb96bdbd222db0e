// The steps that can be undone, and the dialog that lists them.

const STEPS = 200;
const ONE_STEP = 1500; // milliseconds: what a slider does within them is one step

class Store {
  // drawing, look: see state.js; render is called after each change
  constructor(drawing, look, render) {
    this.steps = [{ drawing, text: "Start", kind: "", time: 0 }];
    this.at = 0;
    this.view = look;
    this.render = render;
  }

  get state() {
    return { ...this.steps[this.at].drawing, ...this.view };
  }

  // Changes part of what is drawn. Steps of one kind in quick succession become one.
  change(part, text, kind = "") {
    const last = this.steps[this.at];
    const step = { drawing: { ...last.drawing, ...part }, text, kind, time: performance.now() };
    const more = kind && kind === last.kind && step.time - last.time < ONE_STEP;
    this.steps.splice(more ? this.at : this.at + 1, Infinity, step);
    this.steps.splice(0, this.steps.length - STEPS);
    this.at = this.steps.length - 1;
    this.render();
  }

  // Changes how it is looked at, which is no step.
  look(part) {
    this.view = { ...this.view, ...part };
    this.render();
  }

  go(at) {
    this.at = at;
    this.steps[at].kind = ""; // what follows is a step of its own
    this.render();
  }

  get canUndo() {
    return this.at > 0;
  }

  get canRedo() {
    return this.at < this.steps.length - 1;
  }

  undo() {
    if (!this.canUndo) return say("There is nothing to undo.");
    const { text } = this.steps[this.at];
    this.go(this.at - 1);
    say(`Undone: ${text}.`);
  }

  redo() {
    if (!this.canRedo) return say("There is nothing to redo.");
    this.go(this.at + 1);
    say(`Done again: ${this.steps[this.at].text}.`);
  }
}

function historyControls({ store }) {
  $("undo").onclick = () => store.undo();
  $("redo").onclick = () => store.redo();
  $("history").onclick = () => {
    const items = store.steps.map(({ text }, at) => {
      const button = make("button", { type: "button", className: "plain", textContent: capital(text) });
      if (at === store.at) button.setAttribute("aria-current", "step");
      button.onclick = () => {
        $("steps").close();
        store.go(at);
        say(`Back at: ${text}.`);
      };
      return make("li", {}, button);
    });
    $("steps").querySelector("ol").replaceChildren(...items.reverse());
    $("steps").showModal();
    $("steps").querySelector("[aria-current]").focus();
  };
  document.addEventListener("keydown", (event) => {
    const key = event.key.toLowerCase();
    const typing = event.target.matches("input:not([type=radio], [type=range])");
    if (typing || !(event.ctrlKey || event.metaKey) || event.altKey || !["z", "y"].includes(key)) return;
    event.preventDefault();
    if (key === "y" || event.shiftKey) store.redo();
    else store.undo();
  });
  return () => {
    $("undo").setAttribute("aria-disabled", String(!store.canUndo));
    $("redo").setAttribute("aria-disabled", String(!store.canRedo));
  };
}
