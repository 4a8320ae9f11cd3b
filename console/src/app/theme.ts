import { theme as antdTheme, type ThemeConfig } from "antd";

const FONT =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "PingFang SC", "Hiragino Sans GB", "Microsoft YaHei", "Noto Sans SC", "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif';
const MONO = 'ui-monospace, "SF Mono", "Cascadia Code", Menlo, Consolas, "DejaVu Sans Mono", monospace';

const SHARED: NonNullable<ThemeConfig["token"]> = {
  fontFamily: FONT,
  fontFamilyCode: MONO,
  borderRadius: 8,
  wireframe: false,
};

// Ant Design's own greys and links are below the contrast of 4.5 that WCAG asks for; these are above it.
const LIGHT: ThemeConfig = {
  algorithm: antdTheme.defaultAlgorithm,
  token: {
    ...SHARED,
    colorPrimary: "#1554d1",
    colorInfo: "#1554d1",
    colorLink: "#1554d1",
    colorSuccess: "#147a4a",
    colorWarning: "#a35200",
    colorError: "#c9252d",
    colorSuccessBg: "#e9f8f0",
    colorSuccessBorder: "#9fd9bb",
    colorWarningBg: "#fff5e3",
    colorWarningBorder: "#f0c988",
    colorErrorBg: "#fdeeee",
    colorErrorBorder: "#f2b3b5",
    colorTextSecondary: "rgba(15, 23, 42, 0.76)",
    colorTextTertiary: "rgba(15, 23, 42, 0.68)",
    colorTextDescription: "rgba(15, 23, 42, 0.68)",
    colorTextPlaceholder: "rgba(15, 23, 42, 0.62)",
    colorBgLayout: "#f3f5f9",
  },
};

const DARK: ThemeConfig = {
  algorithm: antdTheme.darkAlgorithm,
  token: {
    ...SHARED,
    colorPrimary: "#2f6bea",
    colorInfo: "#2f6bea",
    colorLink: "#82aeff",
    colorLinkHover: "#a9c7ff",
    colorSuccess: "#3fb984",
    colorWarning: "#e0a03c",
    colorError: "#ff7d85",
    colorBgBase: "#10141c",
    colorBgLayout: "#10141c",
    colorBgContainer: "#181d27",
    colorBgElevated: "#1f2531",
    colorBorder: "#465064",
    colorBorderSecondary: "#2a3140",
    colorTextSecondary: "rgba(235, 240, 250, 0.8)",
    colorTextTertiary: "rgba(235, 240, 250, 0.7)",
    colorTextDescription: "rgba(235, 240, 250, 0.7)",
    colorTextPlaceholder: "rgba(235, 240, 250, 0.6)",
  },
};

const DARK_MENU = { itemSelectedColor: "#b5ceff", itemSelectedBg: "#233457", itemBg: "transparent" };

const stillness = globalThis.matchMedia("(prefers-reduced-motion: reduce)");

/** Ant Design's theme for light or dark; nothing moves for those who asked their system for that. */
export function themeConfig(dark: boolean): ThemeConfig {
  const base = dark ? DARK : LIGHT;
  return {
    ...base,
    token: { ...base.token, motion: !stillness.matches },
    components: {
      Layout: {
        siderBg: dark ? "#181d27" : "#ffffff",
        headerBg: dark ? "#181d27" : "#ffffff",
        headerPadding: "0 20px",
      },
      Segmented: { trackBg: dark ? "#10141c" : "#e8ecf3" },
      // White on the dark theme's red is below that contrast.
      ...(dark && { Button: { dangerColor: "#10141c" } }),
      Modal: { headerBg: "transparent" },
      Menu: { itemBorderRadius: 8, activeBarBorderWidth: 0, itemMarginInline: 0, ...(dark && DARK_MENU) },
    },
  };
}
