import {
  CstParser,
  type CstNode,
  type IRecognitionException,
  type IToken,
  type ParserMethod,
  type TokenType,
} from "chevrotain";
import { syntaxMessages } from "./messages.ts";
import * as t from "./tokens.ts";

type Production = ParserMethod<[], CstNode>;

/**
 * The grammar, one method a production. Fed one statement's tokens at a time.
 *
 * Recovery is on so that one statement can show several mistakes. What it patches up is well-formed and may be wrong,
 * so nobody may use the tree of a statement that has an error.
 */
class RuleParser extends CstParser {
  constructor(validate: boolean) {
    super(t.TOKENS, {
      recoveryEnabled: true,
      nodeLocationTracking: "onlyOffset",
      maxLookahead: 2,
      errorMessageProvider: syntaxMessages,
      skipValidations: !validate,
    });
    this.performSelfAnalysis();
  }

  readonly statement: Production = this.RULE("statement", (): void => {
    this.OR([
      { ALT: () => this.SUBRULE(this.letStatement) },
      {
        ALT: (): void => {
          this.OPTION(() => this.CONSUME(t.Label));
          this.OR2([{ ALT: () => this.SUBRULE(this.dropStatement) }, { ALT: () => this.SUBRULE(this.ruleStatement) }]);
        },
      },
    ]);
  });

  readonly letStatement: Production = this.RULE("letStatement", (): void => {
    this.CONSUME(t.Let);
    this.CONSUME(t.Word);
    this.CONSUME(t.Equals);
    this.SUBRULE(this.condition);
  });

  readonly dropStatement: Production = this.RULE("dropStatement", (): void => {
    this.CONSUME(t.Drop);
    this.CONSUME(t.When);
    this.SUBRULE(this.condition);
  });

  readonly ruleStatement: Production = this.RULE("ruleStatement", (): void => {
    this.CONSUME(t.When);
    this.SUBRULE(this.condition);
    this.MANY(() => this.SUBRULE(this.clause));
    this.CONSUME(t.Notify);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.CONSUME(t.Value) });
  });

  readonly condition: Production = this.RULE("condition", (): void => {
    this.SUBRULE(this.conjunction);
    this.MANY(() => {
      this.CONSUME(t.Or);
      this.SUBRULE2(this.conjunction);
    });
  });

  readonly conjunction: Production = this.RULE("conjunction", (): void => {
    this.SUBRULE(this.negation);
    this.MANY(() => {
      this.CONSUME(t.And);
      this.SUBRULE2(this.negation);
    });
  });

  readonly negation: Production = this.RULE("negation", (): void => {
    this.MANY(() => this.CONSUME(t.Not));
    this.OR([{ ALT: () => this.SUBRULE(this.group) }, { ALT: () => this.SUBRULE(this.comparison) }]);
  });

  readonly group: Production = this.RULE("group", (): void => {
    this.CONSUME(t.LeftParenthesis);
    this.SUBRULE(this.condition);
    this.CONSUME(t.RightParenthesis);
  });

  /** A field with its test, or a lone name. */
  readonly comparison: Production = this.RULE("comparison", (): void => {
    this.SUBRULE(this.field);
    this.OPTION(() => {
      this.OR([
        {
          ALT: (): void => {
            this.CONSUME(t.Comparator);
            this.CONSUME(t.Value);
          },
        },
        {
          ALT: (): void => {
            this.OPTION2(() => this.CONSUME(t.Not));
            this.OR2([
              {
                ALT: (): void => {
                  this.CONSUME(t.In);
                  this.CONSUME(t.LeftParenthesis);
                  this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.CONSUME2(t.Value) });
                  this.CONSUME(t.RightParenthesis);
                },
              },
              {
                ALT: (): void => {
                  this.CONSUME(t.Contains);
                  this.CONSUME3(t.Value);
                },
              },
              {
                ALT: (): void => {
                  this.CONSUME(t.Like);
                  this.CONSUME4(t.Value);
                },
              },
              { ALT: () => this.CONSUME(t.Exists) },
            ]);
          },
        },
      ]);
    });
  });

  readonly field: Production = this.RULE("field", (): void => {
    this.CONSUME(t.Word);
    this.OPTION(() => {
      this.CONSUME(t.LeftBracket);
      this.CONSUME(t.Text);
      this.CONSUME(t.RightBracket);
    });
  });

  readonly clause: Production = this.RULE("clause", (): void => {
    this.OR([
      { ALT: () => this.SUBRULE(this.rate) },
      { ALT: () => this.SUBRULE(this.by) },
      { ALT: () => this.SUBRULE(this.severity) },
      { ALT: () => this.SUBRULE(this.using) },
      { ALT: () => this.SUBRULE(this.with) },
      { ALT: () => this.SUBRULE(this.for) },
      { ALT: () => this.SUBRULE(this.digest) },
      { ALT: () => this.SUBRULE(this.between) },
      { ALT: () => this.SUBRULE(this.resolve) },
      { ALT: () => this.CONSUME(t.Stop) },
    ]);
  });

  readonly rate: Production = this.RULE("rate", (): void => {
    this.CONSUME(t.Rate);
    this.CONSUME(t.Comparator);
    this.CONSUME(t.Value);
  });

  readonly by: Production = this.RULE("by", (): void => {
    this.CONSUME(t.By);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.field) });
  });

  readonly severity: Production = this.RULE("severity", (): void => {
    this.CONSUME(t.Severity);
    this.CONSUME(t.Value);
  });

  readonly using: Production = this.RULE("using", (): void => {
    this.CONSUME(t.Using);
    this.CONSUME(t.Value);
  });

  readonly with: Production = this.RULE("with", (): void => {
    this.CONSUME(t.With);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.assignment) });
  });

  readonly assignment: Production = this.RULE("assignment", (): void => {
    this.CONSUME(t.Word);
    this.CONSUME(t.Equals);
    this.CONSUME(t.Value);
  });

  readonly for: Production = this.RULE("for", (): void => {
    this.CONSUME(t.For);
    this.CONSUME(t.Value);
  });

  readonly digest: Production = this.RULE("digest", (): void => {
    this.CONSUME(t.Digest);
    this.CONSUME(t.Value);
  });

  readonly between: Production = this.RULE("between", (): void => {
    this.CONSUME(t.Between);
    this.CONSUME(t.Value);
    this.CONSUME(t.And);
    this.CONSUME2(t.Value);
    this.OPTION(() => this.SUBRULE(this.days));
    this.OPTION2(() => {
      this.CONSUME(t.In);
      this.CONSUME3(t.Value);
    });
  });

  /** `on` is a word only here, so that it stays free everywhere else. */
  readonly days: Production = this.RULE("days", (): void => {
    this.CONSUME(t.Word);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.CONSUME(t.Value) });
  });

  readonly resolve: Production = this.RULE("resolve", (): void => {
    this.CONSUME(t.Resolve);
    this.CONSUME(t.When);
    this.SUBRULE(this.condition);
  });

  /**
   * A guess may stand in for a closing parenthesis, never for a word: a slip in a word of the language would else cost
   * two messages.
   */
  protected override canTokenTypeBeInsertedInRecovery(type: TokenType): boolean {
    return type === t.RightParenthesis || type === t.RightBracket || type === t.Value;
  }
}

/**
 * Throws when the grammar is ambiguous or contradicts itself. For tests: it takes as long as parsing 50 rules, and the
 * answer is the same each time.
 */
export function validateGrammar(): void {
  void new RuleParser(true);
}

// One parser serves all: building it takes milliseconds, and parsing neither waits nor keeps anything but its input.
let parser: RuleParser | null = null;

/** What one statement's tokens came to. `node` is to be trusted only where `errors` is empty. */
export interface ParsedChunk {
  readonly node: CstNode;
  readonly errors: readonly IRecognitionException[];
}

/** Parses the tokens of one statement. Throws a RangeError on nesting deeper than the stack; ask for depth first. */
export function parseChunk(tokens: IToken[]): ParsedChunk {
  parser ??= new RuleParser(false);
  parser.input = tokens;
  const node = parser.statement();
  return { node, errors: [...parser.errors] };
}
