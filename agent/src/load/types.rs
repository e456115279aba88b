//! Finds fields of the running kernel's structures in its own description of them (`BTF`,
//! <https://docs.kernel.org/bpf/btf.html>). aya keeps its reader of members to itself, and only offsets are needed.

use std::fs;
use std::io;

use ebpf_abi::Offset;
use thiserror::Error;

const OF_KERNEL: &str = "/sys/kernel/btf/vmlinux";
const MAGIC: u16 = 0xeb9f;
/// Structures within structures that have no name of their own.
const DEPTH_MAX: u32 = 8;
/// Aliases of a type.
const ALIASES_MAX: u32 = 16;
/// Any size: what begins there is read piece by piece.
const ANY: u32 = 0;
const POINTER_BYTES: u32 = 8;

/// A structure and a field of it, in the structure that the field before is.
type Path = &'static [(&'static str, &'static str)];

/// Each offset, the fields that lead to it, and how many bytes the last one has.
const FIELDS: [(Offset, Path, u32); Offset::COUNT] = [
    (Offset::SocketFamily, &[("sock_common", "skc_family")], 2),
    (Offset::SocketState, &[("sock_common", "skc_state")], 1),
    (Offset::SocketType, &[("sock", "sk_type")], 2),
    (Offset::SocketPeerPid, &[("sock", "sk_peer_pid")], POINTER_BYTES),
    (Offset::SocketPeerCred, &[("sock", "sk_peer_cred")], POINTER_BYTES),
    (Offset::SocketCgroup, &[("sock", "sk_cgrp_data"), ("sock_cgroup_data", "cgroup")], POINTER_BYTES),
    (Offset::UnixPeer, &[("unix_sock", "peer")], POINTER_BYTES),
    (Offset::UnixAddress, &[("unix_sock", "addr")], POINTER_BYTES),
    (Offset::AddressBytes, &[("unix_address", "len")], 4),
    (Offset::AddressName, &[("unix_address", "name")], ANY),
    (Offset::PidNumber, &[("pid", "numbers"), ("upid", "nr")], 4),
    (Offset::CredUid, &[("cred", "uid")], 4),
    (Offset::CgroupNode, &[("cgroup", "kn")], POINTER_BYTES),
    (Offset::NodeId, &[("kernfs_node", "id")], 8),
    (Offset::CgroupRoot, &[("cgroup", "root")], POINTER_BYTES),
    (Offset::RootHierarchy, &[("cgroup_root", "hierarchy_id")], 4),
    (Offset::QueueNext, &[("sock", "sk_receive_queue"), ("sk_buff_head", "next")], POINTER_BYTES),
    (Offset::QueuePrevious, &[("sock", "sk_receive_queue"), ("sk_buff_head", "prev")], POINTER_BYTES),
    (Offset::BufferData, &[("sk_buff", "data")], POINTER_BYTES),
    (Offset::BufferBytes, &[("sk_buff", "len")], 4),
    (Offset::BufferPagedBytes, &[("sk_buff", "data_len")], 4),
    (Offset::TaskLeader, &[("task_struct", "group_leader")], POINTER_BYTES),
    (Offset::TaskStarted, &[("task_struct", "start_boottime")], 8),
    (Offset::TaskParent, &[("task_struct", "real_parent")], POINTER_BYTES),
    (Offset::TaskGroup, &[("task_struct", "tgid")], 4),
    (Offset::TaskCommand, &[("task_struct", "comm")], ANY),
    (Offset::SocketNetwork, &[("sock_common", "skc_net")], POINTER_BYTES),
    (Offset::AskingSocket, &[("bpf_sock_addr_kern", "sk")], POINTER_BYTES),
    (Offset::NetworkInode, &[("net", "ns"), ("ns_common", "inum")], 4),
    (Offset::TaskExecutions, &[("task_struct", "self_exec_id")], 8),
    (Offset::TaskMemory, &[("task_struct", "mm")], POINTER_BYTES),
    (Offset::MemoryArguments, &[("mm_struct", "arg_start")], 8),
    (Offset::MemoryArgumentsEnd, &[("mm_struct", "arg_end")], 8),
    (Offset::SocketOfFile, &[("socket", "sk")], POINTER_BYTES),
    (Offset::MultipathFirst, &[("mptcp_sock", "first")], POINTER_BYTES),
    (Offset::TaskLogin, &[("task_struct", "loginuid")], 4),
    (Offset::MemoryExecutable, &[("mm_struct", "exe_file")], POINTER_BYTES),
    (Offset::FileInode, &[("file", "f_inode")], POINTER_BYTES),
    (Offset::InodeNumber, &[("inode", "i_ino")], 8),
    (Offset::FileMount, &[("file", "f_path"), ("path", "mnt")], POINTER_BYTES),
    (Offset::MountShared, &[("mount", "mnt")], ANY),
    (Offset::MountNumber, &[("mount", "mnt_id")], 4),
    (Offset::FileEntry, &[("file", "f_path"), ("path", "dentry")], POINTER_BYTES),
    (Offset::EntryName, &[("dentry", "d_name"), ("qstr", "name")], POINTER_BYTES),
];

/// What a kernel may be built without: the offset is 0 then, where no such field is.
const OPTIONAL: [Offset; 2] = [Offset::MultipathFirst, Offset::TaskLogin];

/// Why the kernel's structures are not known.
#[derive(Debug, Error)]
pub(super) enum TypesError {
    #[error("{OF_KERNEL} cannot be read: {0}")]
    Unread(#[from] io::Error),
    #[error("{OF_KERNEL} is no description of types that this agent can read")]
    Unreadable,
    #[error("this kernel has no field `{structure}.{field}` as it is known here")]
    NoField { structure: &'static str, field: &'static str },
}

/// What the programs must know before they are loaded, by [`Offset`].
pub(super) fn offsets() -> Result<[u32; Offset::COUNT], TypesError> {
    let bytes = fs::read(OF_KERNEL)?;
    let types = Types::read(&bytes).ok_or(TypesError::Unreadable)?;
    let mut offsets = [0; Offset::COUNT];
    for (which, path, bytes) in FIELDS {
        let mut offset = 0;
        for (step, (structure, field)) in path.iter().enumerate() {
            let wanted = if step + 1 == path.len() { bytes } else { ANY };
            let found = types.field(structure, field).filter(|it| wanted == ANY || it.bytes == wanted);
            offset += match found {
                Some(found) => found.offset,
                None if OPTIONAL.contains(&which) => 0,
                None => return Err(TypesError::NoField { structure, field }),
            };
        }
        if let Some(place) = offsets.get_mut(which as usize) {
            *place = offset;
        }
    }
    Ok(offsets)
}

struct Field {
    offset: u32,
    bytes: u32,
}

/// The kernel's types; a type's number is its place in the list.
struct Types<'a> {
    list: &'a [u8],
    names: &'a [u8],
    /// Where each type begins in `list`, from number 1 on.
    begins: Vec<usize>,
}

/// The kinds that are looked at; the others are stepped over.
mod kind {
    pub(super) const INT: u32 = 1;
    pub(super) const POINTER: u32 = 2;
    pub(super) const ARRAY: u32 = 3;
    pub(super) const STRUCT: u32 = 4;
    pub(super) const UNION: u32 = 5;
    pub(super) const ENUM: u32 = 6;
    pub(super) const TYPEDEF: u32 = 8;
    pub(super) const VOLATILE: u32 = 9;
    pub(super) const CONST: u32 = 10;
    pub(super) const RESTRICT: u32 = 11;
    pub(super) const PROTO: u32 = 13;
    pub(super) const VARIABLE: u32 = 14;
    pub(super) const SECTION: u32 = 15;
    pub(super) const DECLARATION_TAG: u32 = 17;
    pub(super) const TYPE_TAG: u32 = 18;
    pub(super) const ENUM64: u32 = 19;
}

/// `struct btf_type`.
struct Type {
    name: u32,
    kind: u32,
    /// Members, values and the like.
    count: usize,
    are_bitfields: bool,
    /// Size, or number of the type that it is made of.
    size_or_type: u32,
    /// Where what follows it begins.
    rest: usize,
}

impl<'a> Types<'a> {
    fn read(bytes: &'a [u8]) -> Option<Self> {
        if u16::from_ne_bytes(*bytes.first_chunk()?) != MAGIC {
            return None;
        }
        let word = |at| number(bytes, at).map(|word| word as usize);
        let (header, types_at, types_len, names_at, names_len) =
            (word(4)?, word(8)?, word(12)?, word(16)?, word(20)?);
        let part = |at: usize, len: usize| bytes.get(header.checked_add(at)?..)?.get(..len);
        let mut types =
            Types { list: part(types_at, types_len)?, names: part(names_at, names_len)?, begins: Vec::new() };
        let mut at = 0;
        while at < types.list.len() {
            types.begins.push(at);
            let it = types.at(at)?;
            at = it.rest + it.bytes_behind();
        }
        Some(types)
    }

    fn at(&self, at: usize) -> Option<Type> {
        let info = number(self.list, at + 4)?;
        Some(Type {
            name: number(self.list, at)?,
            kind: info >> 24 & 0x1f,
            count: (info & 0xffff) as usize,
            are_bitfields: info >> 31 == 1,
            size_or_type: number(self.list, at + 8)?,
            rest: at + 12,
        })
    }

    fn by_number(&self, number: u32) -> Option<Type> {
        self.at(*self.begins.get((number as usize).checked_sub(1)?)?)
    }

    fn is_called(&self, name: u32, wanted: &str) -> bool {
        let rest = self.names.get(name as usize..).and_then(|names| names.strip_prefix(wanted.as_bytes()));
        rest.and_then(<[u8]>::first) == Some(&0)
    }

    fn field(&self, structure: &str, field: &str) -> Option<Field> {
        let those = self.begins.iter().filter_map(|at| self.at(*at));
        let mut those = those.filter(|it| it.kind == kind::STRUCT && self.is_called(it.name, structure));
        those.find_map(|it| self.member(&it, field, 0))
    }

    /// A field of it, or of what lies in it without a name.
    fn member(&self, of: &Type, field: &str, depth: u32) -> Option<Field> {
        (0..of.count).find_map(|place| {
            let at = of.rest + 12 * place;
            let (name, what, bits) =
                (number(self.list, at)?, number(self.list, at + 4)?, number(self.list, at + 8)?);
            let bits = if of.are_bitfields { bits & 0x00ff_ffff } else { bits };
            if name != 0 && self.is_called(name, field) {
                let is_whole = bits.is_multiple_of(8);
                return is_whole.then_some(Field { offset: bits / 8, bytes: self.bytes_of(what) });
            }
            let inner = self.by_number(what).filter(|it| matches!(it.kind, kind::STRUCT | kind::UNION))?;
            let is_nameless = name == 0 && depth < DEPTH_MAX;
            let found = is_nameless.then(|| self.member(&inner, field, depth + 1)).flatten()?;
            Some(Field { offset: bits / 8 + found.offset, ..found })
        })
    }

    /// Size of a type; [`ANY`] where it has none.
    fn bytes_of(&self, mut number: u32) -> u32 {
        for _ in 0..ALIASES_MAX {
            let Some(it) = self.by_number(number) else { return ANY };
            match it.kind {
                kind::POINTER => return POINTER_BYTES,
                kind::INT | kind::STRUCT | kind::UNION | kind::ENUM | kind::ENUM64 => return it.size_or_type,
                kind::TYPEDEF | kind::VOLATILE | kind::CONST | kind::RESTRICT | kind::TYPE_TAG => {
                    number = it.size_or_type;
                }
                _ => return ANY,
            }
        }
        ANY
    }
}

impl Type {
    fn bytes_behind(&self) -> usize {
        match self.kind {
            kind::INT | kind::VARIABLE | kind::DECLARATION_TAG => 4,
            kind::ARRAY => 12,
            kind::STRUCT | kind::UNION | kind::SECTION | kind::ENUM64 => 12 * self.count,
            kind::ENUM | kind::PROTO => 8 * self.count,
            _ => 0,
        }
    }
}

fn number(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|word| u32::from_ne_bytes(*word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_kernel_describes_what_is_needed() {
        let offsets = offsets().unwrap();
        // These two have been there since sockets have this beginning.
        assert_eq!((offsets[Offset::SocketFamily as usize], offsets[Offset::SocketState as usize]), (16, 18));
        assert_ne!(offsets[Offset::UnixPeer as usize], offsets[Offset::UnixAddress as usize]);
    }

    #[test]
    fn every_offset_has_its_place() {
        for (place, (which, ..)) in FIELDS.iter().enumerate() {
            assert_eq!(*which as usize, place);
        }
    }

    #[test]
    fn a_field_that_is_not_there_or_has_another_size_is_not_found() {
        let bytes = fs::read(OF_KERNEL).unwrap();
        let types = Types::read(&bytes).unwrap();
        assert!(
            types.field("sock", "no_such_field").is_none() && types.field("no_such", "sk_type").is_none()
        );
        assert_eq!(types.field("cred", "uid").unwrap().bytes, 4);
        // A bit of a byte.
        assert!(types.field("sock_common", "skc_reuse").is_none_or(|it| it.bytes != 2));
    }

    #[test]
    fn bytes_that_describe_nothing_are_refused() {
        assert!(Types::read(&[]).is_none());
        assert!(Types::read(&[0; 24]).is_none());
        let bytes = fs::read(OF_KERNEL).unwrap();
        assert!(Types::read(&bytes[..bytes.len() / 2]).is_none());
    }
}
