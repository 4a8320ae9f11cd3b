import { QueryClientProvider } from "@tanstack/react-query";
import { App, ConfigProvider } from "antd";
import type { ReactNode } from "react";
import { createQueryClient } from "../api/query_client.ts";
import { I18nProvider, type Loaded, useI18n } from "../i18n/provider.tsx";
import { AppearanceProvider, useAppearance } from "./appearance.tsx";
import { NONCE } from "./style_nonce.ts";
import { themeConfig } from "./theme.ts";

const queryClient = createQueryClient();

/** All that every page stands on: language, theme, server state, messages. */
export function Providers({ language, children }: { language: Loaded; children: ReactNode }) {
  return (
    <QueryClientProvider client={queryClient}>
      <I18nProvider initial={language}>
        <AppearanceProvider>
          <Themed>{children}</Themed>
        </AppearanceProvider>
      </I18nProvider>
    </QueryClientProvider>
  );
}

function Themed({ children }: { children: ReactNode }) {
  const { antd, messages: t } = useI18n();
  const { dark } = useAppearance();
  return (
    <ConfigProvider
      csp={{ nonce: NONCE }}
      locale={antd}
      theme={themeConfig(dark)}
      form={{ validateMessages: { required: t.common.required("${label}") }, colon: false }}
      button={{ autoInsertSpace: false }}
    >
      <App className="app" message={{ maxCount: 3 }}>{children}</App>
    </ConfigProvider>
  );
}
