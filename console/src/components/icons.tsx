/**
 * The icons in use. Each stands beside a text or in a button with a label, so none of them has a name of its own for a
 * screen reader: it would be read out in English, as `send Send`.
 */
import {
  AppstoreOutlined as Appstore,
  AuditOutlined as Audit,
  BulbOutlined as Bulb,
  ControlOutlined as Control,
  DashboardOutlined as Dashboard,
  DownloadOutlined as Download,
  DownOutlined as Down,
  GlobalOutlined as Global,
  InboxOutlined as Inbox,
  LeftOutlined as Left,
  LineChartOutlined as LineChart,
  MenuOutlined as Menu,
  PauseOutlined as Pause,
  PlayCircleOutlined as PlayCircle,
  PlusOutlined as Plus,
  ReloadOutlined as Reload,
  RightOutlined as Right,
  SafetyCertificateOutlined as SafetyCertificate,
  SearchOutlined as Search,
  SendOutlined as Send,
  TableOutlined as Table,
  TeamOutlined as Team,
  UserOutlined as User,
} from "@ant-design/icons";
import type { ComponentType } from "react";

interface IconProps {
  className?: string;
}

function silent(Icon: ComponentType<IconProps & { "aria-hidden": true; "aria-label": undefined; role: undefined }>) {
  return (props: IconProps) => <Icon aria-hidden aria-label={undefined} role={undefined} {...props} />;
}

export const AppstoreOutlined = silent(Appstore);
export const AuditOutlined = silent(Audit);
export const BulbOutlined = silent(Bulb);
export const ControlOutlined = silent(Control);
export const DashboardOutlined = silent(Dashboard);
export const DownOutlined = silent(Down);
export const DownloadOutlined = silent(Download);
export const GlobalOutlined = silent(Global);
export const InboxOutlined = silent(Inbox);
export const LeftOutlined = silent(Left);
export const LineChartOutlined = silent(LineChart);
export const MenuOutlined = silent(Menu);
export const PauseOutlined = silent(Pause);
export const PlayCircleOutlined = silent(PlayCircle);
export const PlusOutlined = silent(Plus);
export const ReloadOutlined = silent(Reload);
export const RightOutlined = silent(Right);
export const SafetyCertificateOutlined = silent(SafetyCertificate);
export const SearchOutlined = silent(Search);
export const SendOutlined = silent(Send);
export const TableOutlined = silent(Table);
export const TeamOutlined = silent(Team);
export const UserOutlined = silent(User);
