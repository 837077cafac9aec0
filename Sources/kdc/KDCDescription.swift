import ArgumentParser
import ProgramDescription

/// All of `kdc` as one command, options and commands, for whoever wants it described: completion in
/// shells, manual pages. It is never run.
struct KDCDescription: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kdc", abstract: KDC.configuration.abstract,
    discussion: KDC.configuration.discussion, version: ProgramVersion.text,
    subcommands: KDCProgram.configuration.subcommands)

  @OptionGroup var serving: KDC
}
