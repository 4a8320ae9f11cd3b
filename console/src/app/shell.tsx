import { Button, Drawer, Grid, Layout } from "antd";
import { Suspense, useEffect, useState } from "react";
import { Link, Outlet, useLocation } from "react-router";
import { LoadingState } from "../components/feedback.tsx";
import { MenuOutlined } from "../components/icons.tsx";
import { useMessages } from "../i18n/provider.tsx";
import { HeaderMenus } from "./header_menus.tsx";
import { InstanceSwitch } from "./instance_switch.tsx";
import { Logo } from "./logo.tsx";
import { Navigation } from "./navigation.tsx";
import { zoneName, zoneOffset } from "./time.ts";

/** The frame around every page: navigation beside it, or behind a button on a narrow screen. */
export function Shell() {
  const t = useMessages();
  const wide = Grid.useBreakpoint().lg ?? true;
  const [open, setOpen] = useState(false);
  const { pathname } = useLocation();
  useEffect(() => setOpen(false), [pathname]);
  return (
    <Layout className="shell">
      <a className="skip" href="#page-content">{t.common.skipToContent}</a>
      {wide && (
        <Layout.Sider width={244} className="sider">
          <div className="sider-inner">
            <SideContent />
          </div>
        </Layout.Sider>
      )}
      {!wide && (
        <Drawer open={open} onClose={() => setOpen(false)} placement="left" size={264} title={t.common.product}>
          <SideContent />
        </Drawer>
      )}
      <Layout>
        <Layout.Header className="header">
          {!wide && (
            <Button
              type="text"
              icon={<MenuOutlined />}
              aria-label={t.shell.menu}
              onClick={() => setOpen(true)}
            />
          )}
          <span className="header-zone">{wide ? t.common.localTime(zoneName()) : zoneOffset()}</span>
          <HeaderMenus />
        </Layout.Header>
        <Layout.Content className="content" id="page-content" tabIndex={-1}>
          <Suspense fallback={<LoadingState />}>
            <Outlet />
          </Suspense>
        </Layout.Content>
      </Layout>
    </Layout>
  );
}

function SideContent() {
  const t = useMessages();
  return (
    <>
      <Link to="/instances" className="brand">
        <Logo />
        <span>{t.common.product}</span>
      </Link>
      <InstanceSwitch />
      <Navigation />
    </>
  );
}
