internal import DurableFiles
internal import FileTransfer
internal import Wire

/// A folder that somebody has named, open for all that is in it.
final class SourceRoot {
  let folder: ConfinedFolder

  init(_ folder: consuming ConfinedFolder) { self.folder = folder }
}

/// One file of what is sent: where it is, and what was said of it.
struct SourceFile {
  enum Place {
    /// As somebody has named it.
    case path(String)
    case below(SourceRoot, ConfinedPath)
  }

  let place: Place
  let size: UInt64
  let modified: UInt64

  /// Opens it, if it is still what was offered.
  func open() throws(SourceFailure) -> OpenFile {
    do throws(FileFailure) {
      let file = try openAnyway()
      if try isUnchanged(file) { return file }
    } catch {
      throw SourceFailure(description: "\(error).")
    }
    throw hasChanged
  }

  private func openAnyway() throws(FileFailure) -> OpenFile {
    switch place {
    case .path(let path): try OpenFile(reading: path)
    case .below(let root, let path): try root.folder.openFile(path)
    }
  }

  var hasChanged: SourceFailure {
    SourceFailure(description: "\(shownName) changed while it was sent. Send it again.")
  }

  private var shownName: String {
    let name =
      switch place {
      case .path(let path): lastComponent(of: path)
      case .below(_, let path): String(decoding: path.name.bytes, as: UTF8.self)
      }
    return "\"\(SafeText(name, limit: 255))\""
  }

  /// Whether nobody has changed it since it was offered.
  func isUnchanged(_ file: borrowing OpenFile) throws(FileFailure) -> Bool {
    let status = try file.currentStatus()
    return status.kind == .file(size) && status.modified == modified
  }
}

/// Makes the list of what is sent, out of what a person has named: files and folders, with all that
/// is in them.
struct SourceList {
  let manifest: Manifest
  /// In the order of the list.
  let files: [SourceFile]

  /// - Parameters:
  ///   - paths: Followed if they are symbolic links; nothing below them is.
  ///   - person: Is told what is left out, and what gets another name.
  init(_ paths: [String], telling person: any Person) throws(ClientFailure) {
    var walk = SourceWalk(person: person)
    for path in paths { try walk.add(path) }
    (manifest, files) = try walk.finish()
  }
}
