internal import SecretMemory
public import Wire

/// One file, folder or symbolic link of what is offered.
///
/// Kind (1), permissions (2), time of the last change (8), size (8), path (prefixed), and for a
/// link its target (prefixed).
public struct TransferEntry: Hashable, Sendable {
  /// What kind of thing it is.
  public enum Kind: Hashable, Sendable {
    /// The size in bytes; nil for a stream, whose length nobody knows yet.
    case file(size: UInt64?)
    /// What is in it comes as entries of their own.
    case folder
    /// Where it points to, relative to the folder that it is in.
    case link(target: String)
  }

  /// Where it goes, below what the receiver has chosen.
  public let path: EntryPath
  /// A file, a folder or a link.
  public let kind: Kind
  /// The nine bits of owner, group and others; zero for links, which have none.
  public let permissions: UInt16
  /// The time of the last change.
  public let modified: Timestamp

  /// Permissions of owner, group and others; no set-uid, set-gid or sticky bit travels.
  public static let permissionMask: UInt16 = 0o777
  /// How long the target of a link may be, in UTF-8.
  public static let targetByteLimit = 4096
  private static let unknownSize = UInt64.max

  /// Bits other than the nine, and those of a link, are left out: nobody's file becomes set-uid
  /// by being sent.
  public init(path: EntryPath, kind: Kind, permissions: UInt16, modified: Timestamp) {
    self.path = path
    self.kind = kind
    if case .link = kind {
      self.permissions = 0
    } else {
      self.permissions = permissions & Self.permissionMask
    }
    self.modified = modified
  }

  /// The bytes of content; nil when they are not known.
  public var size: UInt64? {
    if case .file(let size) = kind { size } else { 0 }
  }

  private enum Code {
    static let file: UInt8 = 1
    static let folder: UInt8 = 2
    static let link: UInt8 = 3
  }

  /// Reads one entry of several.
  @_lifetime(reader: copy reader)
  init(_ reader: inout ByteReader) throws(WireError) {
    let code = try reader.uint8()
    let permissions = try reader.uint16()
    guard permissions & ~Self.permissionMask == 0 else { throw .invalid("permissions") }
    let modified = try reader.timestamp()
    let size = try reader.uint64()
    let pathField = [UInt8](try reader.prefixed(limit: EntryPath.byteLimit))
    guard let text = String(validating: pathField, as: UTF8.self), let path = EntryPath(text)
    else { throw .invalid("path") }
    let kind: Kind
    switch code {
    case Code.file: kind = .file(size: size == Self.unknownSize ? nil : size)
    case Code.folder: kind = .folder
    case Code.link:
      let field = [UInt8](try reader.prefixed(limit: Self.targetByteLimit))
      guard let target = String(validating: field, as: UTF8.self) else { throw .invalid("target") }
      guard permissions == 0 else { throw .invalid("permissions") }
      kind = .link(target: target)
    default: throw .invalid("entry kind")
    }
    guard code == Code.file || size == 0 else { throw .invalid("size") }
    self.init(path: path, kind: kind, permissions: permissions, modified: modified)
  }

  func write(to writer: inout ByteWriter) {
    let (code, size) =
      switch kind {
      case .file(let size): (Code.file, size ?? Self.unknownSize)
      case .folder: (Code.folder, UInt64(0))
      case .link: (Code.link, UInt64(0))
      }
    writer.uint8(code)
    writer.uint16(permissions)
    writer.timestamp(modified)
    writer.uint64(size)
    writer.prefixed(path.description)
    if case .link(let target) = kind { writer.prefixed(target) }
  }

  /// The entry's bytes, as they stand in a list.
  public func encoded() -> [UInt8] {
    var writer = ByteWriter(capacity: 64 + path.description.utf8.count)
    write(to: &writer)
    return writer.publicBytes()
  }
}
