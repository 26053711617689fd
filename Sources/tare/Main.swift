import ArgumentParser
import Tare

@main
struct Tare: ParsableCommand {
  func run() throws {}
}
