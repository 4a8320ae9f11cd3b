/**
 * The nonce of this page. The policy lets in only styles that carry it; Ant Design hands it to its own styles, but a few
 * helpers of its parts (scroll lock, scrollbar width, feature tests) make styles without it.
 */
export const NONCE: string = document.querySelector<HTMLMetaElement>("meta[property=csp-nonce]")?.nonce ?? "";

/** Gives the nonce to every style element that is made from now on. Only our own scripts run here, so this opens nothing. */
export function nonceForStyles(): void {
  const create: (name: string, options?: ElementCreationOptions) => HTMLElement = document.createElement.bind(document);
  const withNonce = (name: string, options?: ElementCreationOptions) => {
    const element = create(name, options);
    if (element instanceof HTMLStyleElement) element.nonce = NONCE;
    return element;
  };
  document.createElement = withNonce as typeof document.createElement;
}
