import { App, Typography } from "antd";
import { type Instance, useChangeInstance } from "../../api/instances.ts";
import { errorText } from "../../components/feedback.tsx";
import { useMessages } from "../../i18n/provider.tsx";

/** The name, changed where it stands. */
export function InstanceName({ instance, canEdit }: { instance: Instance; canEdit: boolean }) {
  const t = useMessages();
  const { message } = App.useApp();
  const change = useChangeInstance(instance.instanceId);
  if (!canEdit) return instance.name;
  const save = (text: string) => {
    const name = text.trim();
    if (name === "" || name === instance.name) return;
    void change.mutateAsync({ name }).then(
      () => void message.success(t.common.saved),
      (error) => void message.error(errorText(error, t)),
    );
  };
  return (
    <Typography.Text
      className="editable"
      editable={{ onChange: save, maxLength: 100, tooltip: t.common.edit, triggerType: ["icon"] }}
    >
      {instance.name}
    </Typography.Text>
  );
}
