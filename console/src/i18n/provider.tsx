import type { Locale as AntdLocale } from "antd/es/locale/index.js";
import dayjs from "dayjs";
import { createContext, type ReactNode, use, useCallback, useMemo, useState } from "react";
import { readPreference, writePreference } from "../app/preferences.ts";
import { type Language, LANGUAGES, type Messages } from "./messages.ts";

/** A loaded language: our texts and Ant Design's. */
export interface Loaded {
  language: Language;
  messages: Messages;
  antd: AntdLocale;
}

const LOADERS: Record<Language, () => Promise<Loaded>> = {
  en: async () => {
    const [{ en }, antd] = await Promise.all([import("./en.ts"), import("antd/es/locale/en_US.js")]);
    dayjs.locale("en");
    return { language: "en", messages: en, antd: localeOf(antd) };
  },
  zh: async () => {
    const [{ zh }, antd] = await Promise.all([
      import("./zh.ts"),
      import("antd/es/locale/zh_CN.js"),
      import("dayjs/locale/zh-cn.js"),
    ]);
    dayjs.locale("zh-cn");
    return { language: "zh", messages: zh, antd: localeOf(antd) };
  },
};

/** The bundler takes these files for the ES modules that they are; their types are read as CommonJS, one level deeper. */
function localeOf(module: { default: unknown }): AntdLocale {
  return module.default as AntdLocale;
}

/** The language chosen before, else the browser's. */
export function initialLanguage(): Language {
  const chosen = readPreference("language");
  if (chosen !== null && Object.hasOwn(LANGUAGES, chosen)) return chosen as Language;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

export async function loadLanguage(language: Language): Promise<Loaded> {
  const loaded = await LOADERS[language]();
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  return loaded;
}

interface I18n extends Loaded {
  setLanguage(language: Language): void;
}

const Context = createContext<I18n | null>(null);

export function I18nProvider({ initial, children }: { initial: Loaded; children: ReactNode }) {
  const [loaded, setLoaded] = useState(initial);
  const setLanguage = useCallback((language: Language) => {
    writePreference("language", language);
    loadLanguage(language).then(setLoaded, () => {});
  }, []);
  const value = useMemo(() => ({ ...loaded, setLanguage }), [loaded, setLanguage]);
  return <Context value={value}>{children}</Context>;
}

export function useI18n(): I18n {
  const value = use(Context);
  if (value === null) throw new Error("Cannot use texts outside of I18nProvider");
  return value;
}

/** The texts of the language in force. */
export function useMessages(): Messages {
  return useI18n().messages;
}
