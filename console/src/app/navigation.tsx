import { Menu, type MenuProps } from "antd";
import type { ReactNode } from "react";
import { Link, useLocation, useMatch } from "react-router";
import {
  AppstoreOutlined,
  AuditOutlined,
  ControlOutlined,
  DashboardOutlined,
  InboxOutlined,
  SafetyCertificateOutlined,
  SearchOutlined,
  SendOutlined,
  TeamOutlined,
} from "../components/icons.tsx";
import { useMessages } from "../i18n/provider.tsx";
import { useCan } from "./session_gate.tsx";

/** The pages one can go to: those of the instance, then those of the whole service. */
export function Navigation() {
  const t = useMessages();
  const { pathname } = useLocation();
  const instanceId = useMatch("/i/:instanceId/*")?.params.instanceId;
  const admin = useCan("manageOperators");
  const item = (path: string, icon: ReactNode, label: string) => ({
    key: path,
    icon,
    label: <Link to={path}>{label}</Link>,
  });
  const base = `/i/${encodeURIComponent(instanceId ?? "")}`;
  const items: NonNullable<MenuProps["items"]> = [];
  if (instanceId !== undefined) {
    items.push(
      item(`${base}/overview`, <DashboardOutlined />, t.shell.nav.overview),
      item(`${base}/configs`, <ControlOutlined />, t.shell.nav.configs),
      item(`${base}/send`, <SendOutlined />, t.shell.nav.send),
      item(`${base}/status`, <SearchOutlined />, t.shell.nav.status),
      item(`${base}/deadletters`, <InboxOutlined />, t.shell.nav.deadLetters),
      item(`${base}/records`, <AuditOutlined />, t.shell.nav.records),
      item(`${base}/service`, <SafetyCertificateOutlined />, t.shell.nav.service),
      { type: "divider", key: "divider" },
    );
  }
  items.push(item("/instances", <AppstoreOutlined />, t.shell.nav.instances));
  if (admin) items.push(item("/operators", <TeamOutlined />, t.shell.nav.operators));
  const here = items.map((one) => String(one?.key)).find((key) => pathname === key || pathname.startsWith(`${key}/`));
  return (
    <nav aria-label={t.shell.nav.label}>
      <Menu className="nav" mode="inline" items={items} selectedKeys={here === undefined ? [] : [here]} />
    </nav>
  );
}
