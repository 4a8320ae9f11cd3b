import { Descriptions, Drawer } from "antd";
import type { OperatorRecord } from "../../api/records.ts";
import { Code } from "../../components/code.tsx";
import { Time } from "../../components/time.tsx";
import { useMessages } from "../../i18n/provider.tsx";
import { RecordObject } from "./record_object.tsx";

interface RecordDrawerProps {
  record: OperatorRecord | undefined;
  onClose: () => void;
}

/** One record with its whole object. */
export function RecordDrawer({ record, onClose }: RecordDrawerProps) {
  const t = useMessages();
  return (
    <Drawer open={record !== undefined} title={t.records.detailTitle} size={680} onClose={onClose}>
      {record && (
        <div className="stack">
          <Descriptions
            bordered
            size="small"
            column={1}
            styles={{ label: { width: 150 } }}
            items={[
              { key: "action", label: t.records.action, children: t.records.actions[record.action] },
              { key: "object", label: t.records.object, children: <Code text={record.object} copy /> },
              { key: "operator", label: t.records.operator, children: record.operator },
              { key: "at", label: t.records.at, children: <Time at={record.at} /> },
            ]}
          />
          <RecordObject before={record.before} after={record.after} />
        </div>
      )}
    </Drawer>
  );
}
