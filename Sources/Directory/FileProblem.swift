public import DurableFiles
public import Wire

/// Something about a file of the directory that its operator should know. The directory works on.
public struct FileProblem: Hashable, Sendable, CustomStringConvertible {
  public enum Kind: Hashable, Sendable {
    /// A line that does not count; it stays in the user file. With the name that it seems to be
    /// of: an earlier line of that name counts instead.
    case damagedLine(LineFault, name: PrincipalName?)
    /// A last line without its end, as a crash leaves it. It never counted.
    case tornLine(LineFault)
    /// There is no line that says which format and realm this is; one is added.
    case missingHeader
    /// The presence file cannot be used as it is; it is started anew.
    case startedAnew(DirectoryFailure)
    /// Others could read or write the file; it has been closed to them (0600) where that was
    /// possible.
    case openToOthers(permissions: UInt32, isClosed: Bool)
    /// A change could not be written.
    case file(FileFailure)
    /// Changes are not written any more, since the file is not the one that was opened, or lacks
    /// some of what was written to it, or ends within a line of somebody else's.
    case changedByOthers
    /// A user's line is not where it was written. The user cannot be served.
    case lostLine(PrincipalName)
    /// The digest does not open, or the certificate does not verify: the user cannot log in.
    case unsoundRecord(PrincipalName)
    /// The file keeps its stale lines, since a new one could not be written. It works as before.
    case untidied(DirectoryFailure)
    /// A new presence was refused, since there are as many as the limit allows.
    case full(limit: Int)
  }

  public let path: String
  /// Counted from 1.
  public let line: Int?
  public let kind: Kind

  public init(path: String, line: Int? = nil, kind: Kind) {
    self.path = path
    self.line = line
    self.kind = kind
  }

  public var description: String {
    let place = line.map { "\(path), line \($0)" } ?? path
    switch kind {
    case .damagedLine(let fault, let name?):
      return "\(place): ignored, \(fault); it seems to be of \(name), whose earlier line counts"
    case .damagedLine(let fault, nil): return "\(place): ignored, \(fault)"
    case .tornLine(let fault):
      return "\(place): ignored, it was never completed (\(fault))"
    case .missingHeader: return "\(place): does not say whose it is; taken for this realm's"
    case .startedAnew(let failure): return "\(failure); it is started anew"
    case .openToOthers(let permissions, let isClosed):
      let mode = "mode \(String(permissions, radix: 8))"
      return isClosed
        ? "\(place): was open to others (\(mode)); now 600"
        : "\(place): is open to others (\(mode)) and cannot be closed to them"
    case .file(let failure): return failure.description
    case .changedByOthers:
      return "\(place): cut, replaced or removed by somebody else; no changes are written"
    case .lostLine(let name):
      return "\(place): changed by somebody else; the line of \(name) is not where it was"
    case .unsoundRecord(let name):
      return "\(place): digest or certificate of \(name) is not of this kdc.key"
    case .untidied(let failure): return "\(failure); \(path) keeps its stale lines"
    case .full(let limit): return "more than \(limit) receivers are present; one was refused"
    }
  }
}
