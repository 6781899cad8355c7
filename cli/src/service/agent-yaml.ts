/** The agent.yaml of a machine with real VMs; every other key has a default. */
export const AGENT_YAML = `# This machine's Ghost agent. All keys: docs/reference/agent-config.md; "ghost agent doctor" checks it.
# A change takes effect with: sudo systemctl restart ghost-agent (which touches no VM)
hypervisor: libvirt
data_dir: /var/lib/ghost

# What VMs do not get.
resources:
  reserved_cpu: 1
  reserved_ram_gb: 2
  reserved_disk_gb: 20

grpc:
  listen_addr: unix:/run/ghost/agent.sock
  # Who may use libvirt may use the agent; both can do everything to the VMs of this machine.
  socket_group: libvirt
  # From other machines, with certificates:
  #   listen_addr: 0.0.0.0:9090
  #   tls_enabled: true
  #   tls_cert: pki/agent.crt
  #   tls_key: pki/agent.key
  #   tls_ca: pki/ca.crt

# libvirt:
#   network: default          # what "network: default" of a VM means
#   storage_pool: default     # disks in the folder of this pool instead of data_dir
# images:
#   mirrors: [https://mirror.example/cloud-images]
`;
