import type { en } from "./en.ts";

/** Every text of the console. Another language that lacks one of these, or has one too many, does not compile. */
export type Messages = typeof en;

/** The languages there are, each with its name in itself. */
export const LANGUAGES = { en: "English", zh: "中文" } as const;
export type Language = keyof typeof LANGUAGES;
