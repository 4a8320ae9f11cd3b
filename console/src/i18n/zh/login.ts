import type { Messages } from "../messages.ts";

export const login: Messages["login"] = {
  title: "登录",
  name: "账号",
  password: "密码",
  submit: "登录",
  wrong: "账号或密码错误。",
  wrongCurrent: "当前密码不正确。",
  throttled: "失败次数过多，请一分钟后再试。",
  expired: "登录已过期，请重新登录。",
  firstStart: "首次启动？服务器已打印管理员的一次性密码。",
  changeTitle: "设置新密码",
  changeForced: "当前密码仅供一次使用，请先设置自己的密码。",
  current: "当前密码",
  next: "新密码",
  again: "再次输入新密码",
  rule: (min) => `至少 ${min} 个字符。一句短语好记又难猜。`,
  tooShort: (min) => `至少 ${min} 个字符`,
  same: "新密码不能与当前密码相同",
  mismatch: "两次输入不一致",
  changeSubmit: "修改密码",
  changed: "密码已修改，该账号的其他登录已失效。",
};
