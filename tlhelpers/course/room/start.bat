@echo off
rem Windows: a double click. start.py does the work, and finds the Python that fits.
setlocal
set "here=%~dp0"
py -3 -c "import sys; sys.exit(sys.version_info < (3, 8))" >nul 2>nul
if not errorlevel 1 (
  py -3 "%here%start.py" %*
  goto end
)
python -c "import sys; sys.exit(sys.version_info < (3, 8))" >nul 2>nul
if not errorlevel 1 (
  python "%here%start.py" %*
  goto end
)
echo start: this computer has no Python 3; README.txt says what to do.
:end
pause
