// What the programs of all pages need of the page that they are in.

/** The `data` that the page was made with. */
export function pageData<Data>(): Data {
  return JSON.parse(element('data').textContent!) as Data;
}

/** The element of that id, which the page was made with. */
export function element<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  return document.getElementById(id) as Kind;
}
