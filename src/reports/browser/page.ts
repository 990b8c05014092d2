// What the programs of all pages need of the page that they are in.

/** The `data` that the page was made with. */
export function pageData<Data>(): Data {
  return JSON.parse(element('data').textContent!) as Data;
}

/** The element of that id, which the page was made with. */
export function element<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  return document.getElementById(id) as Kind;
}

/** Calls what belongs to a key that is pressed there, by itself. */
export function onKeys(place: EventTarget, actions: Readonly<Record<string, () => void>>): void {
  place.addEventListener('keydown', (given) => {
    const event = given as KeyboardEvent;
    if (event.altKey || event.ctrlKey || event.metaKey || !Object.hasOwn(actions, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    actions[event.key]();
  });
}
