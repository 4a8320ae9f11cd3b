import { Grid, Table, type TableColumnType } from "antd";
import { type Key, type ReactNode, useMemo } from "react";
import { useMessages } from "../i18n/provider.tsx";

/** A column of a list: a table's column on a wide screen, a labelled line of a card on a phone. */
export interface Column<T> {
  key: string;
  title: string;
  /** In place of the title on a phone's card. */
  narrowTitle?: string;
  render: (item: T) => ReactNode;
  width?: number;
  align?: "right";
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

function WideList<T extends object>({ columns, items, rowKey, busy, label, actions }: DataListProps<T>) {
  const t = useMessages();
  const tableColumns = useMemo(() => {
    const all = columns.map((column): TableColumnType<T> => ({
      key: column.key,
      title: column.title,
      render: (_, item) => column.render(item),
      ...(column.width !== undefined && { width: column.width }),
      ...(column.align !== undefined && { align: column.align }),
    }));
    if (actions) {
      all.push({
        key: "actions",
        title: <span className="sr-only">{t.common.actions}</span>,
        align: "right",
        render: (_, item) => actions(item),
      });
    }
    return all;
  }, [columns, actions, t]);
  return (
    <Table<T>
      aria-label={label}
      columns={tableColumns}
      dataSource={items as T[]}
      rowKey={rowKey}
      loading={busy ?? false}
      pagination={false}
      scroll={{ x: "max-content" }}
      size="middle"
    />
  );
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
