internal import DurableFiles
internal import Wire

/// Pins by name. The file is read when it has changed, not for each peer who comes: it may have
/// tens of thousands of lines.
final class PinIndex {
  private let file: LineFile
  private var pins: [PrincipalName: [LineFile.Numbered<KnownPeer>]] = [:]
  private var damaged: [LineFile.Numbered<String>] = []
  /// Of what was read; nil when nothing was.
  private var version: FileVersion?

  init(_ file: LineFile) { self.file = file }

  /// The pins of one name, in all realms.
  ///
  /// - Throws: when the file cannot be read, or a damaged line seems to be about this name.
  func entries(
    about name: PrincipalName
  ) throws(ClientFailure) -> [LineFile.Numbered<KnownPeer>] {
    let current = try file.version()
    if current == nil || current != version {
      let content = try file.content(KnownPeer.init)
      pins = [PrincipalName: [LineFile.Numbered<KnownPeer>]](
        grouping: content.entries, by: \.entry.name)
      damaged = content.damaged
      version = content.version
    }
    try file.check(damaged, about: name.description)
    return pins[name] ?? []
  }
}
