import type { Messages } from "../messages.ts";

export const states: Messages["states"] = {
  emptyTitle: "暂无数据",
  emptyFiltered: "没有符合条件的数据",
  clearFilters: "清空筛选条件",
  errorTitle: "加载失败",
  errorNetwork: "服务器没有响应，请检查网络。",
  errorServer: "服务器出错，详情见服务器日志。",
  errorBusy: "服务器繁忙或正在停止，请稍后再试。",
  errorConflict: "内容已被他人修改，请重新加载。",
  errorTooMany: "尝试次数过多，请稍候。",
  notFoundTitle: "页面不存在",
  notFoundHint: "地址可能已过期，或对应的内容已被删除。",
  forbiddenTitle: "没有权限",
  forbiddenHint: (role) => `此页面需要「${role}」角色，管理员可以调整您的角色。`,
  forbiddenAction: (role) => `需要「${role}」及以上角色`,
  crashTitle: "页面出错了",
  crashHint: "重新加载通常可以恢复。",
};
