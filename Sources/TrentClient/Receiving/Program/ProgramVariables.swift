internal import FileTransfer
internal import Glibc
internal import Wire

/// The environment of a program that takes a transfer: the user's own, and what is received.
///
/// Nothing that the sender chooses gets into a command line. Names have gone through `EntryName`:
/// no slash, no character that is not shown, not `.` or `..`; but blanks, quotes and a hyphen at
/// the beginning are a shell's business.
struct ProgramVariables {
  private let described: [(name: String, value: String)]

  init(of manifest: Manifest, from sender: PrincipalName) {
    let kind =
      switch manifest.content {
      case .files: "file"
      case .stream: "stream"
      case .text: "text"
      }
    described = [
      ("TRENT_SENDER", sender.description),
      ("TRENT_FILE_NAME", manifest.entries.first?.path.name ?? ""),
      ("TRENT_SIZE", manifest.totalSize.map(String.init) ?? ""),
      ("TRENT_KIND", kind),
    ]
  }

  /// All of it, as `NAME=VALUE`.
  var all: [String] {
    var lines: [String] = []
    var entry = unsafe environ
    while let text = unsafe entry.pointee {
      let line = unsafe String(cString: text)
      if !described.contains(where: { line.hasPrefix($0.name + "=") }) { lines.append(line) }
      unsafe entry += 1
    }
    return lines + described.map { "\($0.name)=\($0.value)" }
  }
}
