import { Card } from "antd";
import { type ReactNode, useEffect } from "react";
import { AppearanceMenu, LanguageMenu } from "../../app/header_menus.tsx";
import { Logo } from "../../app/logo.tsx";
import { useMessages } from "../../i18n/provider.tsx";
import "./entry.css";

/** The frame of the pages outside of the shell: login and password. */
export function Entry({ title, children }: { title: string; children: ReactNode }) {
  const t = useMessages();
  useEffect(() => {
    document.title = `${title} · ${t.common.product}`;
  }, [title, t]);
  return (
    <main className="entry">
      <div className="entry-menus">
        <LanguageMenu />
        <AppearanceMenu />
      </div>
      <div className="entry-card">
        <div className="entry-brand">
          <Logo size={44} />
          <h1 className="entry-title">{title}</h1>
          <div className="muted">{t.common.product} · {t.common.tagline}</div>
        </div>
        <Card>{children}</Card>
      </div>
    </main>
  );
}
