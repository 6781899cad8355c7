/*
 * The agent as a service of systemd.
 *
 * It runs as root, with three capabilities and nothing writable but its own folders. A user of its own would be no
 * weaker: whoever may use libvirt's system socket can give any file of the host to a VM as a disk. And it would not work:
 * libvirt hands disks to QEMU's user while a VM runs and console logs are libvirt's, so the agent could neither grow a
 * disk nor read a log; CAP_DAC_OVERRIDE is for these two.
 */

export interface UnitOptions {
  /** Absolute path of Node, then of the program. */
  readonly command: readonly string[];
  readonly configPath: string;
  /** Folders that the agent writes into. */
  readonly writable: readonly string[];
}

export const UNIT_NAME = "ghost-agent.service";

/**
 * How much garbage the agent's Node may keep before it clears up. By itself it takes the host's memory for its measure: with
 * a thousand VMs 350 MB where it needs 50.
 */
export const AGENT_NODE_OPTIONS = "--max-semi-space-size=4 --max-old-space-size=1024";

export function unitText({ command, configPath, writable }: UnitOptions): string {
  return `# Written by "ghost agent install", which writes it anew; changes belong into a drop-in (systemctl edit ghost-agent).
[Unit]
Description=Ghost agent, which keeps this machine's VMs
# It waits for libvirt by itself; this only spares it the waiting at boot.
After=network.target libvirtd.service libvirtd.socket virtqemud.socket virtnetworkd.socket virtproxyd.socket

[Service]
Type=exec
ExecStart=${[...command, "agent", "run", "--config", configPath].map(quoted).join(" ")}
# Without it Node keeps several times the memory that the agent needs.
Environment=${quoted(`NODE_OPTIONS=${AGENT_NODE_OPTIONS}`)}
Restart=on-failure
RestartSec=2
# Running operations may end, 30 s at most.
KillMode=mixed
TimeoutStopSec=45
# The socket of grpc.listen_addr.
RuntimeDirectory=ghost
RuntimeDirectoryMode=0755
# QEMU passes through folders that it is not to read.
UMask=0066

# Nothing of the system is written but this.
ProtectSystem=strict
ReadWritePaths=${writable.map((folder) => quoted(`-${folder}`)).join(" ")}
# Images of image_path may be in a home; in /tmp the service sees a folder of its own.
ProtectHome=read-only
PrivateTmp=yes
# /dev/kvm: whether VMs can be fast is found out by opening it.
DevicePolicy=closed
DeviceAllow=/dev/kvm rw

NoNewPrivileges=yes
# Disks that are QEMU's while a VM runs; the group of the socket.
CapabilityBoundingSet=CAP_CHOWN CAP_DAC_OVERRIDE CAP_FOWNER
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@keyring @memlock @setuid
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`;
}

/** As systemd reads a word: quotes, its own escapes, and % and $ that mean something to it. */
function quoted(word: string): string {
  const escaped = word.replaceAll("%", "%%").replaceAll("$", "$$$$");
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? escaped : `"${escaped.replaceAll(/["\\]/g, "\\$&")}"`;
}
