/** What a browser remembers between visits; a browser that forbids storage just forgets. */
export type Preference = "language" | "theme" | "instance";

const PREFIX = "syncline.";

export function readPreference(name: Preference): string | null {
  try {
    return globalThis.localStorage.getItem(PREFIX + name);
  } catch {
    return null;
  }
}

export function writePreference(name: Preference, value: string): void {
  try {
    globalThis.localStorage.setItem(PREFIX + name, value);
  } catch {
    // Nothing to do: the choice holds until the page is closed.
  }
}
