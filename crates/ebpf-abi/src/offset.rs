//! Where fields lie in structures of the kernel that it may change with each version: the agent reads that in the running
//! kernel's own description of its types, and tells the programs before it loads them.

/// A place of the array `OFFSETS` of the programs.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offset {
    /// `sock.__sk_common.skc_family`.
    SocketFamily = 0,
    /// `sock.__sk_common.skc_state`.
    SocketState = 1,
    /// `sock.sk_type`.
    SocketType = 2,
    /// `sock.sk_peer_pid`.
    SocketPeerPid = 3,
    /// `sock.sk_peer_cred`.
    SocketPeerCred = 4,
    /// `sock.sk_cgrp_data.cgroup`.
    SocketCgroup = 5,
    /// `unix_sock.peer`.
    UnixPeer = 6,
    /// `unix_sock.addr`.
    UnixAddress = 7,
    /// `unix_address.len`.
    AddressBytes = 8,
    /// `unix_address.name`.
    AddressName = 9,
    /// `pid.numbers[0].nr`.
    PidNumber = 10,
    /// `cred.uid`.
    CredUid = 11,
    /// `cgroup.kn`.
    CgroupNode = 12,
    /// `kernfs_node.id`.
    NodeId = 13,
    /// `cgroup.root`.
    CgroupRoot = 14,
    /// `cgroup_root.hierarchy_id`.
    RootHierarchy = 15,
    /// `sock.sk_receive_queue.next`. The queue begins with it, and an empty one leads to itself.
    QueueNext = 16,
    /// `sock.sk_receive_queue.prev`.
    QueuePrevious = 17,
    /// `sk_buff.data`.
    BufferData = 18,
    /// `sk_buff.len`.
    BufferBytes = 19,
    /// `sk_buff.data_len`: as many of these are not at `data`.
    BufferPagedBytes = 20,
    /// `task_struct.group_leader`.
    TaskLeader = 21,
    /// `task_struct.start_boottime`.
    TaskStarted = 22,
    /// `task_struct.real_parent`.
    TaskParent = 23,
    /// `task_struct.tgid`.
    TaskGroup = 24,
    /// `task_struct.comm`.
    TaskCommand = 25,
    /// `sock.__sk_common.skc_net`.
    SocketNetwork = 26,
    /// `bpf_sock_addr_kern.sk`: what the context of a program that is asked about a `connect` is in the kernel's memory.
    AskingSocket = 27,
    /// `net.ns.inum`.
    NetworkInode = 28,
    /// `task_struct.self_exec_id`.
    TaskExecutions = 29,
    /// `task_struct.mm`.
    TaskMemory = 30,
    /// `mm_struct.arg_start`.
    MemoryArguments = 31,
    /// `mm_struct.arg_end`.
    MemoryArgumentsEnd = 32,
    /// `socket.sk`.
    SocketOfFile = 33,
    /// `mptcp_sock.first`. 0 where the kernel has no such sockets.
    MultipathFirst = 34,
    /// `task_struct.loginuid`. 0 where the kernel does not know who logs in (CONFIG_AUDIT).
    TaskLogin = 35,
    /// `mm_struct.exe_file`.
    MemoryExecutable = 36,
    /// `file.f_inode`.
    FileInode = 37,
    /// `inode.i_ino`.
    InodeNumber = 38,
    /// `file.f_path.mnt`.
    FileMount = 39,
    /// `mount.mnt`: where in a mount what `FileMount` leads to lies.
    MountShared = 40,
    /// `mount.mnt_id`.
    MountNumber = 41,
    /// `file.f_path.dentry`.
    FileEntry = 42,
    /// `dentry.d_name.name`.
    EntryName = 43,
}

impl Offset {
    /// How many there are.
    pub const COUNT: usize = 44;
}
