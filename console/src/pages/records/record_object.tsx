import type { OperatorRecord } from "../../api/records.ts";
import { useMessages } from "../../i18n/provider.tsx";

type Fields = OperatorRecord["before"];

/** The whole object of a record; for a change old beside new, and what changed in red (REC-2). */
export function RecordObject({ before, after }: { before: Fields; after: Fields }) {
  const t = useMessages();
  if (before === null && after === null) return <p className="muted">{t.records.noObject}</p>;
  const comparing = before !== null && after !== null;
  const names = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const changed = comparing ? names.filter((name) => textOf(before[name]) !== textOf(after[name])) : [];
  return (
    <div className="table-scroll" tabIndex={0} role="group" aria-label={t.records.object}>
      {comparing && <p className="changes">{t.records.changedCount(changed.length)}</p>}
      <table className="object">
        <thead>
          <tr>
            <th scope="col">{t.records.field}</th>
            {before !== null && <th scope="col">{t.records.before}</th>}
            {after !== null && <th scope="col">{t.records.after}</th>}
          </tr>
        </thead>
        <tbody>
          {names.map((name) => (
            <tr key={name} className={changed.includes(name) ? "changed" : undefined}>
              <th scope="row">
                <FieldName name={name} />
              </th>
              {before !== null && (
                <td>{changed.includes(name) ? <del>{textOf(before[name])}</del> : textOf(before[name])}</td>
              )}
              {after !== null && (
                <td>{changed.includes(name) ? <ins>{textOf(after[name])}</ins> : textOf(after[name])}</td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** The field's label where operators know one, with the API's own name. */
function FieldName({ name }: { name: string }) {
  const t = useMessages();
  const c = t.configs;
  const labels = new Map([
    ["bizType", c.bizType],
    ["description", c.description],
    ["scope", c.scope],
    ["target", c.target],
    ["multiDevice", c.multiDevice],
    ["persistent", c.persistent],
    ["retentionDays", c.retentionDays],
    ["threshold", c.threshold],
    ["consistency", c.consistency],
    ["status", c.status],
    ["name", t.service.name],
    ["signature", t.service.signature],
    ["sessionValidateUrl", t.service.url],
    ["thirdMsgId", t.send.thirdMsgId],
    ["payload", t.send.content],
    ["role", t.operators.role],
  ]);
  const label = labels.get(name);
  return (
    <>
      {label && <div>{label}</div>}
      <span className="code muted">{name}</span>
    </>
  );
}

function textOf(value: unknown): string {
  if (value === undefined || value === null) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}
