import Testing

/// The rules that the repository keeps about itself.
@Suite("The repository's own rules")
struct RepositoryTests {
  // MARK: Files

  @Test("A file has at most 400 lines of at most 100 columns")
  func sizes() throws {
    for path in try Repository.swiftFiles(under: "Sources") {
      let lines = try Repository.lines(path)
      #expect(lines.count <= 401, "\(path) has \(lines.count - 1) lines")
      for (index, line) in lines.enumerated() where line.count > 100 {
        Issue.record("\(path):\(index + 1) has \(line.count) columns")
      }
    }
  }

  @Test("Nothing in the sources can trap on input, or waits to be done")
  func forbiddenWords() throws {
    let words = ["try!", "fatalError(", "as!", "TODO", "FIXME"]
    for path in try Repository.swiftFiles(under: "Sources") {
      for (index, line) in try Repository.lines(path).enumerated() {
        for word in words where line.contains(word) {
          Issue.record("\(path):\(index + 1) has \(word)")
        }
      }
    }
  }

  @Test("Modules import only what lies below them")
  func imports() throws {
    for path in try Repository.swiftFiles(under: "Sources") {
      let module = String(path.split(separator: "/")[1])
      guard let allowed = Modules.imports[module] else {
        Issue.record("Modules.swift does not say what \(module) may import")
        continue
      }
      for line in try Repository.lines(path) {
        guard let match = line.wholeMatch(of: /(?:[\w@]+ )*import (?:[a-z]+ )?(\w+)(?:\..*)?/)
        else { continue }
        #expect(allowed.contains(String(match.1)), "\(path) imports \(match.1)")
      }
    }
  }

  // MARK: Documents

  @Test("README.md maps every source file, and nothing that is not there")
  func map() throws {
    let folders = ["Sources", "SCRIPTS", "docs", "Examples", "Packaging", "Plugins"]
    let present = try Set(
      folders.flatMap(Repository.files(under:)) + Repository.swiftFiles(under: "Fuzz")
        + Repository.files(in: "analysis")
        + ["Tests", "analysis"].flatMap { folder in
          try Repository.folders(in: folder).map { "\(folder)/\($0)" }
        }
        + [
          "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "Package.swift",
          "SECURITY.md", "pwd.txt.example",
        ])
    let named = try mapOfReadme()
    for path in present.subtracting(named).sorted() {
      Issue.record("the map in README.md lacks \(path)")
    }
    for path in named.subtracting(present).sorted() {
      Issue.record("the map in README.md names \(path), which is not there")
    }
  }

  /// The paths in the map: below a heading "### `FOLDER`", each line "- `PATH`: what it is for".
  /// The folder `.` is the root.
  private func mapOfReadme() throws -> Set<String> {
    var folder: Substring?
    var paths: Set<String> = []
    for line in try Repository.lines("README.md") {
      if let heading = line.prefixMatch(of: /### `([^`]+)`/) {
        folder = heading.1
      } else if line.hasPrefix("#") {
        folder = nil
      } else if let folder, let entry = line.prefixMatch(of: /- `([^`]+)`: ./) {
        paths.insert(folder == "." ? String(entry.1) : "\(folder)/\(entry.1)")
      }
    }
    return paths
  }

  @Test("The labels in the code are those of PROTOCOL.md, section 3")
  func labels() throws {
    var inCode: Set<String> = []
    for folder in ["Sources/KeyDistribution", "Sources/FileTransfer", "Sources/Audit"] {
      for path in try Repository.swiftFiles(under: folder) {
        for match in try Repository.text(path).matches(of: /"(trent [a-z ]+ v[0-9]+)"/) {
          #expect(inCode.insert(String(match.1)).inserted, "\(match.1) stands twice in the code")
        }
      }
    }
    let table = try Repository.lines("docs/PROTOCOL.md")
      .drop { !$0.hasPrefix("## 3.") }
      .prefix { !$0.hasPrefix("**3.1") }
      .filter { $0.hasPrefix("| `") }
      .joined(separator: "\n")
    let inTable = Set(table.matches(of: /`(trent [a-z ]+ v[0-9]+)`/).map { String($0.1) })
    #expect(inCode.count > 20, "no labels found: they may have moved")
    #expect(inCode.subtracting(inTable).isEmpty, "labels that PROTOCOL.md lacks")
    #expect(inTable.subtracting(inCode).isEmpty, "labels that the code lacks")
  }

  @Test("The steps that the models in analysis/ name are steps of PROTOCOL.md")
  func steps() throws {
    let protocolText = try Repository.text("docs/PROTOCOL.md")
    let known = Set(protocolText.matches(of: /\*\*([A-Z][0-9])\*\*/).map { String($0.1) })
    var named: Set<String> = []
    for path in try Repository.files(in: "analysis") where path.hasSuffix(".pv") {
      let inModel = try Repository.text(path).matches(of: /\[([A-Z][0-9])\]/)
      #expect(!inModel.isEmpty, "\(path) names no step")
      named.formUnion(inModel.map { String($0.1) })
    }
    #expect(named.subtracting(known).isEmpty, "steps that PROTOCOL.md lacks")
  }

  @Test("README.md of analysis/ lists every model and variant, and tells how many there are")
  func models() throws {
    let text = try Repository.text("analysis/README.md")
    let models = try Repository.files(in: "analysis").filter { $0.hasSuffix(".pv") }
    let scenarios = try Repository.files(under: "analysis/scenarios")
    let broken = try Repository.files(under: "analysis/broken")
    for path in models + scenarios + broken {
      let name = path.split(separator: "/").last.map(String.init) ?? path
      #expect(text.contains("`\(name.split(separator: ".").dropLast().joined(separator: "."))`"))
    }
    let figures =
      "\(models.count) models, \(scenarios.count) scenarios, \(broken.count) broken variants"
    for page in ["analysis/README.md", "SECURITY.md", "docs/ATTACKS.md"] {
      #expect(try Repository.text(page).contains(figures), "\(page) does not say: \(figures)")
    }
  }

  @Test("The tests that ATTACKS.md names exist")
  func attacks() throws {
    var files: [String: String] = [:]
    for path in try Repository.swiftFiles(under: "Tests") {
      let name = path.split(separator: "/").last?.dropLast(".swift".count) ?? ""
      files[String(name), default: ""] += try Repository.text(path)
    }
    let named = try Repository.text("docs/ATTACKS.md").matches(of: /`(\w+)\/(\w+)`/)
    for match in named {
      let text = files[String(match.1)] ?? ""
      #expect(text.contains("func \(match.2)("), "there is no test \(match.0)")
    }
    #expect(named.count > 20, "no tests found: their form may have changed")
  }
}
