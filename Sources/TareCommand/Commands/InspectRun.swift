import ArgumentParser
import Glibc
import Tare

extension InspectCommand {
  func run() throws {
    var reports: [ModelReport] = []
    let base = try against.open()
    for path in model + (compare.map { [$0] } ?? []) { reports.append(try inspect(path, base)) }
    let contrast = compare == nil ? nil : ModelContrast(reports[0], reports[1])
    try write(text(reports, contrast))
    if fails(compare == nil ? reports : [reports[0]]) { throw ExitCode(1) }
  }

  private var options: InspectionOptions {
    var options = InspectionOptions()
    options.headerOnly = headerOnly
    options.names = selection.filter
    options.isExact = exact
    options.wantsHistogram = histogram
    options.grouping = InspectionOptions.Grouping(rawValue: group.rawValue)!
    options.order = InspectionOptions.Order(rawValue: sort.rawValue)!
    return options
  }

  private func inspect(_ path: String, _ base: BaseModel?) throws -> ModelReport {
    var options = options
    let reader = try ContainerRegistry.open(path: path, base: base)
    talk.note(base, givenFor: reader)
    options.threads = WorkerBudget.encoders(
      work.threadCount, memory: work.memoryBytes, chunkBytes: reader.largestChunkBytes, base: base)
    talk.detail("\(path): \(reader.formatName), \(reader.catalog.tensors.count) tensors, \(options.threads) threads")
    let total = reader.catalog.tensors.reduce(0) { options.names.accepts($1.info.name) ? $0 + $1.info.byteCount : $0 }
    let progress = talk.progress("reading \(path)", totalBytes: total)
    defer { progress.finish() }
    return try within(path) { () throws(ModelError) in
      try ModelInspection.run(reader, options, estimator: PackedSizeEstimate()) { progress.advance(by: $0) }
    }
  }

  private func text(_ reports: [ModelReport], _ contrast: ModelContrast?) -> String {
    let width = output == nil ? Terminal.columns() ?? Int.max : Int.max
    let isColored = output == nil && color.style.isColored
    switch (reportFormat, contrast) {
    case (.json, _): return InspectionJSON.document(reports, contrast: contrast, version: toolVersion)
    case (.table, nil): return InspectionTable.text(reports, width: width, isColored: isColored)
    case (.table, let contrast?): return ContrastTable.text(contrast, width: width, isColored: isColored)
    case (.csv, nil): return InspectionCSV.text(reports)
    case (.csv, let contrast?): return contrast.csv
    case (.markdown, nil): return InspectionTable.markdown(reports)
    case (.markdown, let contrast?): return ContrastTable.markdown(contrast)
    }
  }

  private func write(_ text: String) throws {
    guard let output else { return try StandardOutput.shared.write(text) }
    try within(output) { () throws(ModelError) in
      let file = try OutputFile(path: output, overwrite: overwriting.force)
      try file.write(Array(text.utf8), at: 0)
      try file.finish()
    }
  }

  /// Says which conditions hold, and where.
  private func fails(_ reports: [ModelReport]) -> Bool {
    let shownPlaces = 10
    var fails = false
    for report in reports {
      for condition in failIf {
        let places = condition.places(in: report)
        for place in places.prefix(shownPlaces) {
          StandardError.shared.line("tare: \(report.path.escapedForDisplay): \(place): '\(condition.text)' holds")
        }
        if places.count > shownPlaces {
          StandardError.shared.line("tare: \(report.path.escapedForDisplay): … and \(places.count - shownPlaces) more")
        }
        fails = fails || !places.isEmpty
      }
    }
    return fails
  }
}
