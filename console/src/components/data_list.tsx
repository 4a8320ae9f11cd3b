import { Grid } from "antd";
import type { Key, ReactNode } from "react";
import { useMessages } from "../i18n/provider.tsx";
import "./list.css";

/** A column of a list: a table's column on a wide screen, a labelled line of a card on a phone. */
export interface Column<T> {
  key: string;
  title: string;
  /** In place of the title on a phone's card. */
  narrowTitle?: string;
  render: (item: T) => ReactNode;
  width?: number;
  align?: "right";
  /** Never broken into lines. */
  whole?: boolean;
  /** Takes the whole line of a phone's card, without its label. */
  heading?: boolean;
}

interface DataListProps<T> {
  columns: Column<T>[];
  items: readonly T[];
  rowKey: (item: T) => Key;
  empty: ReactNode;
  /** New items are on the way; the old ones stay readable. */
  busy?: boolean;
  label: string;
  actions?: (item: T) => ReactNode;
}

/** A list as a table; on a phone as cards, since a table would have to be scrolled sideways. */
export function DataList<T extends object>(props: DataListProps<T>) {
  const wide = Grid.useBreakpoint().md ?? true;
  if (props.items.length === 0) return props.empty;
  return wide ? <WideList {...props} /> : <NarrowList {...props} />;
}

// A plain table: the server sorts, filters and pages, and Ant Design's table would double what a page loads.
function WideList<T extends object>({ columns, items, rowKey, busy, label, actions }: DataListProps<T>) {
  const t = useMessages();
  return (
    <div className="list-scroll">
      <table className="list" aria-label={label} aria-busy={busy ?? false}>
        <thead>
          <tr>
            {columns.map((column) => <th key={column.key} scope="col" className={column.align}>{column.title}</th>)}
            {actions && (
              <th scope="col">
                <span className="sr-only">{t.common.actions}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={rowKey(item)}>
              {columns.map((column) => (
                <td key={column.key} className={classOf(column)} style={{ width: column.width }}>
                  {column.render(item)}
                </td>
              ))}
              {actions && <td className="right">{actions(item)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function classOf<T>({ align, whole }: Column<T>): string {
  return [align, whole && "whole"].filter(Boolean).join(" ");
}

function NarrowList<T extends object>({ columns, items, rowKey, busy, label, actions }: DataListProps<T>) {
  return (
    <ul className="cards" aria-label={label} aria-busy={busy}>
      {items.map((item) => (
        <li key={rowKey(item)}>
          <dl>
            {columns.map((column) => (
              <div key={column.key} className={column.heading ? "card-heading" : "card-line"}>
                <dt className={column.heading ? "sr-only" : undefined}>{column.narrowTitle ?? column.title}</dt>
                <dd>{column.render(item)}</dd>
              </div>
            ))}
          </dl>
          {actions && <div className="card-actions">{actions(item)}</div>}
        </li>
      ))}
    </ul>
  );
}
