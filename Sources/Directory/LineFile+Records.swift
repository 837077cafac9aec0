internal import SecretMemory

extension LineFile {
  /// What the lines of a file say that only has lines of ours, in order. A line that is damaged or
  /// was never completed is reported, and does not count.
  ///
  /// - Parameter parse: reads a line without its newline.
  static func records<Record>(
    _ path: String, header: FileHeader, limit: Int, report: (FileProblem) -> Void,
    parse: (RawSpan) throws(LineFault) -> Record
  ) throws(DirectoryFailure) -> [Record] {
    guard let file = try LineFile.open(path, limit: limit) else { return [] }
    var records: [Record] = []
    var lineCount = 0
    try file.forEachBlock { (block) throws(DirectoryFailure) in
      var found = block
      while let line = found.next() {
        lineCount += 1
        switch header.judge(line.bytes) {
        case .ours: continue
        case .otherRealm: throw .otherRealm(path: path)
        case .unknownFormat: throw .unknownFormat(path: path)
        case .other where line.bytes.isBlankOrComment: continue
        case .other: break
        }
        do throws(LineFault) {
          records.append(try parse(line.bytes))
        } catch {
          let kind: FileProblem.Kind =
            line.isTorn ? .tornLine(error) : .damagedLine(error, name: nil)
          report(FileProblem(path: path, line: lineCount, kind: kind))
        }
      }
    }
    return records
  }
}
