/** A text that is no date or time zone. The message quotes it, and says which forms are taken. */
export class DateProblem extends Error {
  override readonly name: string = 'DateProblem';
}

/** A parameter of a request that is missing or can't be read. The message begins with its name. */
export class ParameterProblem extends DateProblem {
  override readonly name = 'ParameterProblem';
  readonly parameter: string;

  constructor(parameter: string, message: string) {
    super(`${parameter}: ${message}`);
    this.parameter = parameter;
  }
}
