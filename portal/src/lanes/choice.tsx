import { type KeyboardEvent, useId } from 'react';

const STEPS: Record<string, 1 | -1> = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 };

interface ChoiceProps<Value> {
  readonly label: string;
  readonly options: readonly Value[];
  readonly value: Value;
  readonly wordOf: (value: Value) => string;
  readonly onChoose: (value: Value) => void;
  /** These may be chosen next, the likeliest first. */
  readonly onNear?: (values: readonly Value[]) => void;
}

/** A few options in one row as a group of radio buttons; arrow keys choose. */
export function Choice<Value>({ label, options, value, wordOf, onChoose, onNear }: ChoiceProps<Value>) {
  const id = useId();
  const onKeyDown = (event: KeyboardEvent<HTMLDivElement>) => {
    const by = STEPS[event.key];
    if (by === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const index = (options.indexOf(value) + by + options.length) % options.length;
    onChoose(options[index] as Value);
    event.currentTarget.querySelectorAll('button')[index]?.focus();
  };
  const beside = (index: number, by: 1 | -1) => options[(index + by + options.length) % options.length] as Value;
  return (
    <div>
      <span className="lbl" id={id}>
        {label}
      </span>
      <div className="seg" role="radiogroup" aria-labelledby={id} onKeyDown={onKeyDown}>
        {options.map((each, index) => (
          // biome-ignore lint/a11y/useSemanticElements: buttons of one group look like one control
          <button
            key={wordOf(each)}
            type="button"
            role="radio"
            aria-checked={each === value}
            tabIndex={each === value ? 0 : -1}
            onClick={() => onChoose(each)}
            onFocus={() => onNear?.([beside(index, 1), beside(index, -1)])}
            onPointerEnter={() => onNear?.([each])}
          >
            {wordOf(each)}
          </button>
        ))}
      </div>
    </div>
  );
}
