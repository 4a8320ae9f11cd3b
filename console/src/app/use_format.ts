import { useMemo } from "react";
import { useI18n } from "../i18n/provider.tsx";

/** Numbers as the language in force writes them. */
export function useFormat() {
  const { language } = useI18n();
  return useMemo(() => {
    const whole = new Intl.NumberFormat(language);
    const short = new Intl.NumberFormat(language, { notation: "compact", maximumFractionDigits: 1 });
    const share = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 1 });
    return {
      number: (n: number) => whole.format(n),
      compact: (n: number) => short.format(n),
      // 99.96 % is not 100 %: a share below one never reads as all.
      percent: (n: number) => share.format(n < 1 ? Math.min(n, 0.999) : n),
    };
  }, [language]);
}
