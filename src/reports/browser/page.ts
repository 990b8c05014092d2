// Functions that the scripts of all pages use.

/** The `data` argument of the page. */
export function pageData<Data>(): Data {
  return JSON.parse(element('data').textContent!) as Data;
}

/** The element with an id that exists in the page. */
export function element<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  return document.getElementById(id) as Kind;
}

/** Calls the action of a key that is pressed at `place` without a modifier. */
export function onKeys(place: EventTarget, actions: Readonly<Record<string, () => void>>): void {
  place.addEventListener('keydown', (given) => {
    const event = given as KeyboardEvent;
    if (event.altKey || event.ctrlKey || event.metaKey || !Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    actions[event.key]();
  });
}
