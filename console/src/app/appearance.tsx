import { createContext, type ReactNode, use, useEffect, useMemo, useState } from "react";
import { readPreference, writePreference } from "./preferences.ts";

export type Appearance = "light" | "dark" | "system";

interface AppearanceState {
  appearance: Appearance;
  dark: boolean;
  setAppearance(appearance: Appearance): void;
}

const Context = createContext<AppearanceState>({ appearance: "system", dark: false, setAppearance: () => {} });
const prefersDark = globalThis.matchMedia("(prefers-color-scheme: dark)");

function stored(): Appearance {
  const value = readPreference("theme");
  return value === "light" || value === "dark" ? value : "system";
}

/** Light or dark: the operator's choice, else the system's. */
export function AppearanceProvider({ children }: { children: ReactNode }) {
  const [appearance, setAppearance] = useState(stored);
  const [systemDark, setSystemDark] = useState(prefersDark.matches);
  useEffect(() => {
    const follow = () => setSystemDark(prefersDark.matches);
    prefersDark.addEventListener("change", follow);
    return () => prefersDark.removeEventListener("change", follow);
  }, []);
  const dark = appearance === "system" ? systemDark : appearance === "dark";
  useEffect(() => {
    document.documentElement.dataset.theme = dark ? "dark" : "light";
  }, [dark]);
  const value = useMemo(() => ({
    appearance,
    dark,
    setAppearance(next: Appearance) {
      writePreference("theme", next);
      setAppearance(next);
    },
  }), [appearance, dark]);
  return <Context value={value}>{children}</Context>;
}

export function useAppearance(): AppearanceState {
  return use(Context);
}
