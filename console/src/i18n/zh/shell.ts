import type { Messages } from "../messages.ts";

export const shell: Messages["shell"] = {
  nav: {
    label: "页面",
    overview: "概览",
    configs: "配置管理",
    send: "发送数据",
    status: "数据查询",
    deadLetters: "死信",
    records: "操作记录",
    service: "服务管理",
    instances: "实例",
    operators: "操作员",
  },
  menu: "打开菜单",
  switchInstance: "切换实例",
  allInstances: "全部实例",
  language: "语言",
  theme: "外观",
  themeLight: "浅色",
  themeDark: "深色",
  themeSystem: "跟随系统",
  account: "账号",
  changePassword: "修改密码",
  logout: "退出登录",
  roles: { viewer: "只读", operator: "操作员", admin: "管理员" },
  roleHelp: {
    viewer: "可查看全部内容，不可修改",
    operator: "可修改配置、发送数据、断开连接",
    admin: "还可管理实例、密钥、签名和操作员",
  },
};
