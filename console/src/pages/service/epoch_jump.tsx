import { App, Button, Card, Flex, Popconfirm } from "antd";
import { useJumpIds } from "../../api/instances.ts";
import { errorText } from "../../components/feedback.tsx";
import { useMessages } from "../../i18n/provider.tsx";

/** For the day after a restore (STR-1). */
export function EpochJump({ instanceId }: { instanceId: string }) {
  const t = useMessages();
  const { message } = App.useApp();
  const jump = useJumpIds(instanceId);
  const run = () =>
    jump.mutateAsync().then(
      () => void message.success(t.service.epochJumped),
      (error) => void message.error(errorText(error, t)),
    );
  return (
    <Card title={t.service.epochJump}>
      <Flex justify="space-between" align="center" gap={16} wrap>
        <p className="muted card-words">{t.service.epochJumpHint}</p>
        <Popconfirm
          title={t.service.epochJumpDo}
          description={<div className="popconfirm-text">{t.service.epochJumpConfirm}</div>}
          okText={t.service.epochJumpDo}
          cancelText={t.common.cancel}
          onConfirm={run}
        >
          <Button danger loading={jump.isPending}>{t.service.epochJumpDo}</Button>
        </Popconfirm>
      </Flex>
    </Card>
  );
}
