import { Button, Dropdown, Grid, type MenuProps } from "antd";
import type { ReactNode } from "react";
import { useNavigate } from "react-router";
import { BulbOutlined, DownOutlined, GlobalOutlined, UserOutlined } from "../components/icons.tsx";
import { type Language, LANGUAGES } from "../i18n/messages.ts";
import { useI18n, useMessages } from "../i18n/provider.tsx";
import { type Appearance, useAppearance } from "./appearance.tsx";
import { useOperator } from "./session_gate.tsx";
import { useLeave } from "./use_leave.ts";

export function HeaderMenus() {
  return (
    <div className="header-menus">
      <LanguageMenu />
      <AppearanceMenu />
      <AccountMenu />
    </div>
  );
}

/** Switches every text at once, without loading the page anew. */
export function LanguageMenu() {
  const { language, setLanguage, messages: t } = useI18n();
  const items = Object.entries(LANGUAGES).map(([key, label]) => ({
    key,
    label: <span lang={key}>{label}</span>,
    onClick: () => setLanguage(key as Language),
  }));
  return (
    <HeaderMenu
      icon={<GlobalOutlined />}
      label={t.shell.language}
      text={LANGUAGES[language]}
      items={items}
      selected={language}
    />
  );
}

export function AppearanceMenu() {
  const t = useMessages();
  const { appearance, setAppearance } = useAppearance();
  const labels: Record<Appearance, string> = {
    light: t.shell.themeLight,
    dark: t.shell.themeDark,
    system: t.shell.themeSystem,
  };
  const items = (Object.keys(labels) as Appearance[]).map((key) => ({
    key,
    label: labels[key],
    onClick: () => setAppearance(key),
  }));
  return <HeaderMenu icon={<BulbOutlined />} label={t.shell.theme} items={items} selected={appearance} />;
}

function AccountMenu() {
  const t = useMessages();
  const me = useOperator();
  const navigate = useNavigate();
  const leave = useLeave();
  const items: MenuProps["items"] = [
    { key: "role", type: "group", label: `${me.login} · ${t.shell.roles[me.role]}` },
    { key: "password", label: t.shell.changePassword, onClick: () => void navigate("/password") },
    { key: "logout", label: t.shell.logout, onClick: leave },
  ];
  return <HeaderMenu icon={<UserOutlined />} label={t.shell.account} text={me.login} items={items} />;
}

interface HeaderMenuProps {
  icon: ReactNode;
  label: string;
  text?: string;
  items: MenuProps["items"];
  selected?: string;
}

function HeaderMenu({ icon, label, text, items, selected }: HeaderMenuProps) {
  const roomy = Grid.useBreakpoint().sm ?? true;
  return (
    <Dropdown menu={{ items: items ?? [], selectedKeys: selected ? [selected] : [] }} trigger={["click"]}>
      <Button type="text" icon={icon} aria-label={text ? `${label}: ${text}` : label} aria-haspopup="menu">
        {roomy && text && <span>{text}</span>}
        {roomy && text && <DownOutlined className="small" />}
      </Button>
    </Dropdown>
  );
}
